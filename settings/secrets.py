"""The signing key: given by the operator, or made once and kept in the data folder with mode 0600."""

import os
import secrets
from pathlib import Path

from catalog.conf import ConfigurationError
from settings.folders import require_folder


def secret_key(data_dir: Path, given: str | None) -> str:
    """The key; ConfigurationError with one clear sentence when the data folder cannot be used."""
    if given:
        return given
    path = data_dir / "secret_key"
    try:
        if not path.exists():
            _make(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        require_folder(data_dir)
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError([f"VITRINE_DATA_DIR: cannot use {path}: {reason}"]) from None
    if not key:
        raise ConfigurationError([f"{path} is empty; remove it and start again"])
    return key


def _make(path: Path) -> None:
    """Write a new key whole, unless another process was faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink()
