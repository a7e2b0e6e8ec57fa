"""The folder of the embedded index: generations side by side, and the pointer files that say which is which.

::

    CURRENT      the generation that answers        BUILDING   the one that is being built, if any
    lock         held while writing                 build.lock held by the process that builds
    g-…/         one generation: schema.json, index/ (tantivy)

Pointers change by one rename under `lock`. A process may die at any point: its locks end with it, and a folder that no
pointer names is swept by the next build.
"""

import errno
import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.errors import EngineUnavailable, RebuildRunning
from search.schema import Schema, from_json

CURRENT, BUILDING = "CURRENT", "BUILDING"
SCHEMA, INDEX = "schema.json", "index"


class Storage:
    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        with unavailable_on_os_error(self.root):
            self.root.mkdir(parents=True, exist_ok=True)

    def require_writable(self) -> None:
        """EngineUnavailable where searching works and writing does not: the files are another user's."""
        self.prepare()
        with unavailable_on_os_error(self.root):
            written = (self.root, self.root / "lock", *self.root.glob(f"g-*/{INDEX}"))
            if not all(os.access(one, os.W_OK) for one in written if one.exists()):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among all writers of all processes; waits for its turn."""
        self.prepare()
        with unavailable_on_os_error(self.root):
            handle = (self.root / "lock").open("a")
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @contextmanager
    def building(self) -> Iterator[None]:
        """The one process that builds; RebuildRunning when there is one."""
        self.prepare()
        with (self.root / "build.lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise RebuildRunning("another process is building the index anew") from None
            yield

    def pointer(self, name: str) -> str | None:
        """The generation a pointer names."""
        with unavailable_on_os_error(self.root):
            try:
                return (self.root / name).read_text(encoding="ascii").strip() or None
            except FileNotFoundError:
                return None

    def point(self, name: str, generation: str | None) -> None:
        """Change a pointer, in one step."""
        if generation is None:
            (self.root / name).unlink(missing_ok=True)
        else:
            _replace(self.root / name, generation)

    def make(self, schema: Schema) -> str:
        """A new, empty generation that nothing points at yet."""
        name = f"g-{uuid.uuid4().hex[:12]}"
        (self.root / name / INDEX).mkdir(parents=True)
        self.keep_schema(name, schema)
        return name

    def keep_schema(self, generation: str, schema: Schema) -> None:
        _replace(self.root / generation / SCHEMA, json.dumps(schema.as_json()))

    def schema(self, generation: str) -> Schema:
        return from_json(json.loads((self.root / generation / SCHEMA).read_text(encoding="utf-8")))

    def stamp(self, generation: str, name: str) -> tuple[int, int, int]:
        """Changes whenever the file is replaced."""
        found = (self.root / generation / name).stat()
        return found.st_mtime_ns, found.st_ino, found.st_size

    def remove(self, generation: str) -> None:
        shutil.rmtree(self.root / generation, ignore_errors=True)

    def sweep(self) -> None:
        """Remove generations that no pointer names."""
        kept = {self.pointer(CURRENT), self.pointer(BUILDING)}
        for folder in self.root.glob("g-*"):
            if folder.name not in kept:
                self.remove(folder.name)


@contextmanager
def unavailable_on_os_error(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EngineUnavailable(f"the index in {root} cannot be used: {error.strerror}") from error


def _replace(path: Path, content: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
