"""The signing key: from `VITRINE_SECRET_KEY`, or made once and kept in the data folder with mode 0600."""

import os
import secrets
from pathlib import Path

from catalog.conf import ConfigurationError


def secret_key(data_dir: Path) -> str:
    """The key; ConfigurationError with one clear sentence when the data folder cannot be used."""
    if given := os.environ.get("VITRINE_SECRET_KEY"):
        return given
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _wait_for(path)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise ConfigurationError(
            [f"VITRINE_DATA_DIR: cannot write {data_dir}: {error.strerror}"]
        ) from None


def _wait_for(path: Path) -> str:
    for _ in range(200):
        if key := path.read_text(encoding="ascii"):
            return key
    raise ConfigurationError([f"{path} is empty; remove it and start again"])
