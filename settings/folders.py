"""The data folder of a running service."""

import os
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
        raise ConfigurationError(
            [f"VITRINE_DATA_DIR: cannot write {data_dir}: {error.strerror}"]
        ) from None
    return run


def require_folder(data_dir: Path) -> None:
    """ConfigurationError when there is something else at its place."""
    if data_dir.exists() and not data_dir.is_dir():
        raise ConfigurationError([f"VITRINE_DATA_DIR: {data_dir} is a file, not a folder"])
