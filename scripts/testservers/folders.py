"""The folder of one set of servers, the cache, and locks on them."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .errors import ServiceError

MARKER = ".vitrine-services"


def default_root() -> Path:
    """The folder used when --dir is not given."""
    chosen = os.environ.get("VITRINE_SERVICES_DIR")
    return Path(chosen or f"{tempfile.gettempdir()}/vitrine-services-{os.getuid()}")


def cache() -> Path:
    """Where fetched servers are kept between runs, outside the repository."""
    return Path(os.environ.get("VITRINE_CACHE", "/var/tmp/vitrine-cache"))


def create_root(root: Path) -> Path:
    """Make the folder ours, refusing one that somebody else put at this predictable place."""
    root.mkdir(parents=True, exist_ok=True)
    if root.is_symlink() or root.stat().st_uid != os.geteuid():
        raise ServiceError(f"{root} belongs to somebody else; choose another --dir")
    if not (root / MARKER).exists():
        if any(root.iterdir()):
            raise ServiceError(f"{root} holds something else; choose another --dir")
        (root / MARKER).touch()
    root.chmod(0o755)
    return root.resolve()


def open_root(root: Path) -> Path:
    """An existing folder of services."""
    if not (root / MARKER).exists():
        raise ServiceError(f"nothing was started in {root}")
    return root.resolve()


def remove_root(root: Path) -> None:
    """Remove the whole folder, the marker last: an interrupted removal can be repeated."""
    for entry in root.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != MARKER:
            entry.unlink(missing_ok=True)
    shutil.rmtree(root)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`, waiting for it as long as needed."""
    while True:
        with path.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # A purge may have removed the file while this call waited: that lock guards nothing.
            held = os.fstat(handle.fileno())
            if path.exists() and os.path.samestat(held, path.stat()):
                yield
                return


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step, so that no reader sees half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.replace(path)


def write_env(root: Path, values: Mapping[str, str]) -> Path:
    """Write the env file: VARIABLE=value lines, for a shell to source or a program to read."""
    path = root / "env"
    write_whole(path, "".join(f"{variable}={value}\n" for variable, value in values.items()))
    return path
