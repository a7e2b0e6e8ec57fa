"""The data folder of a running service."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from catalog.conf import ConfigurationError


def prepare(data_dir: Path) -> Path:
    """Make the folder for what matters only while running, with one in it for counters, and return it."""
    run = data_dir / "run"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        run.mkdir(mode=0o700, exist_ok=True)
        (run / "metrics").mkdir(mode=0o700, exist_ok=True)
        probe = run / f".write-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        require_folder(data_dir)
        raise cannot_write(data_dir, error.errno) from None
    return run


def require_writable(kept: Iterable[Path]) -> None:
    """ConfigurationError for the first that is there and cannot be written: reading would work, and hide it.

    A folder comes before what lies in it, which nobody may look at otherwise.
    """
    for path in kept:
        if not writable(path):
            raise cannot_write(path, errno.EACCES)


def writable(path: Path) -> bool:
    """Whether the file or folder is absent, or this process may change it."""
    mode = os.W_OK | os.X_OK if path.is_dir() else os.W_OK
    return not path.exists() or os.access(path, mode)


def cannot_write(path: Path, reason: int | None) -> ConfigurationError:
    """What to say of a path in the data folder; `reason` is the system's number for what was wrong."""
    return ConfigurationError(
        [f"VITRINE_DATA_DIR: cannot write {path}: {os.strerror(reason or errno.EIO)}"]
    )


def require_folder(data_dir: Path) -> None:
    """ConfigurationError when there is something else at its place."""
    if data_dir.exists() and not data_dir.is_dir():
        raise ConfigurationError([f"VITRINE_DATA_DIR: {data_dir} is a file, not a folder"])
