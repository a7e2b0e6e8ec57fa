"""Blobs as files: the contract, then what only a file system can do to it."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from stores import (
    BlobExists,
    BlobNotFound,
    BlobStore,
    FileStore,
    StoreFull,
    StoreMisconfigured,
    StoreReadOnly,
    StoreUnavailable,
    WriterClosed,
)
from stores import posix as posix_module
from stores.conformance import BlobStoreConformance

ROOT = Path(__file__).parents[2]
MIB = 1 << 20


class TestFileStore(BlobStoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[BlobStore]:
        store = FileStore(tmp_path / "new" / "store")
        yield store
        assert partials(store) == []


class TestFlatFileStore(BlobStoreConformance):
    """The layout of folders that another service filled."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> FileStore:
        return FileStore(tmp_path / "flat", layout="flat")

    def test_files_that_lie_there_are_blobs(self, store: FileStore) -> None:
        (store.root / "6a1f0d5e").write_bytes(b"content")
        (store.root / "folder").mkdir()
        assert [stat.key for stat in store.list()] == ["6a1f0d5e"]
        assert b"".join(store.open("6a1f0d5e")) == b"content"

    def test_an_unknown_layout_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(StoreMisconfigured, match="layout"):
            FileStore(tmp_path, layout="deep")


class TestFileStoreWithoutSync(BlobStoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[BlobStore]:
        store = FileStore(tmp_path, fsync=False)
        yield store
        assert partials(store) == []


def partials(store: FileStore) -> list[Path]:
    return list((store.root / ".partial").iterdir())


# -- layout


def test_files_are_sharded_and_private(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put("a/b", b"x")
    path = store.local_path("a/b")
    assert path.relative_to(tmp_path).parts[2:] == ("a+b",)
    assert [len(part) for part in path.relative_to(tmp_path).parts[:2]] == [2, 2]
    assert not path.stat().st_mode & 0o027
    assert path.stat().st_nlink == 1


def test_list_ignores_what_is_not_ours(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put("key", b"x")
    folder = store.local_path("key").parent
    (folder / "stray~").touch()
    (folder / "other").touch()
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "zz").mkdir()
    (tmp_path / "00").touch()
    assert [stat.key for stat in store.list()] == ["key"]


def test_two_stores_see_one_folder(tmp_path: Path) -> None:
    one, other = FileStore(tmp_path), FileStore(tmp_path)
    one.put("key", b"x")
    with pytest.raises(BlobExists):
        other.put("key", b"y")
    other.delete("key")
    assert not one.exists("key")


def test_copies_share_bytes(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put("from", b"x")
    store.copy("from", "to")
    assert store.local_path("from").samefile(store.local_path("to"))


def test_copy_beyond_the_links_a_file_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(tmp_path)
    store.put("from", b"x")
    link, source = os.link, store.local_path("from")

    def limited(src: object, dst: object, **options: bool) -> None:
        if src == source:
            raise OSError(errno.EMLINK, "too many")
        link(src, dst, **options)

    monkeypatch.setattr("os.link", limited)
    assert store.copy("from", "to").size == 1
    assert not source.samefile(store.local_path("to"))


# -- a store that is not there


def test_unmounted_store_is_not_an_empty_one(tmp_path: Path) -> None:
    store = FileStore(tmp_path, create=False)
    for door in (store.stat, store.open, store.delete, store.local_path, store.begin):
        with pytest.raises(StoreUnavailable):
            door("key")
    with pytest.raises(StoreUnavailable):
        list(store.list())
    with pytest.raises(StoreUnavailable):
        store.sweep(0)
    health = store.check()
    assert not health.writable
    assert "ENOENT" in health.reason
    FileStore(tmp_path)
    assert store.check().writable
    with pytest.raises(BlobNotFound):
        store.stat("key")


def test_a_program_starts_without_its_disk(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = FileStore(tmp_path / "file" / "store")
    assert not store.check().writable


def test_shards_may_be_tidied_away(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put("key", b"x")
    folder = store.local_path("key").parent
    store.delete("key")
    folder.rmdir()
    folder.parent.rmdir()
    store.put("key", b"y")
    assert store.get("key") == b"y"


@pytest.mark.parametrize("cached", [0, 5, None], ids=["nothing", "a part", "cannot tell"])
def test_only_what_is_cached_is_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cached: int | None
) -> None:
    def preadv(fd: int, buffers: list[bytearray], offset: int, flags: int) -> int:
        assert flags == os.RWF_NOWAIT
        if not cached:
            raise OSError(errno.EOPNOTSUPP if cached is None else errno.EAGAIN, "no")
        buffers[0][:cached] = os.pread(fd, cached, offset)
        return min(cached, len(buffers[0]))

    monkeypatch.setattr(os, "preadv", preadv)
    store = FileStore(tmp_path)
    store.put("key", b"0123456789")
    with store.open("key", 1) as reader:
        assert bytes(reader.at_hand() or b"") == (b"12345" if cached else b"")
        assert next(reader) == (b"6789" if cached else b"123456789")


def test_cut_file_is_reported(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put("key", bytes(3 * MIB))
    with store.open("key") as reader:
        next(reader)
        os.truncate(store.local_path("key"), MIB)
        assert reader.at_hand() is None, "its end is told by an error alone"
        with pytest.raises(StoreUnavailable) as caught:
            list(reader)
    assert caught.value.facts == {"store": "file", "key": "key", "missing": 2 * MIB}


# -- durability


def test_sync_comes_before_the_name_and_again_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    store = FileStore(tmp_path, probe=steps.append)

    def fsync(fd: int) -> None:
        path = Path(f"/proc/self/fd/{fd}").readlink().relative_to(tmp_path)
        steps.append(f"sync {len(path.parts) if path.parts[:1] != ('.partial',) else 'file'}")

    monkeypatch.setattr("os.fsync", fsync)
    store.put("key", b"x")
    assert steps == [
        *("store.write", "store.before_commit", "sync file"),
        *("sync 0", "sync 1", "store.after_link", "sync 2"),
    ]
    steps.clear()
    store.delete("key")
    assert steps == ["store.before_delete", "store.after_delete", "sync 2"]
    steps.clear()
    store.put("key", b"x")
    assert steps[3:] == ["store.after_link", "sync 2"]


@pytest.mark.parametrize("which", [1, 2, 3, 4])
def test_failing_sync_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    store = FileStore(tmp_path)
    calls: list[int] = []

    def fsync(fd: int) -> None:
        calls.append(fd)
        if len(calls) == which:
            raise OSError(errno.EIO, "broken disk")

    writer = store.begin("key")
    writer.write(b"x")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fsync)
        with pytest.raises(StoreUnavailable) as caught:
            writer.commit()
    assert caught.value.facts["errno"] == "EIO"
    assert not store.exists("key")
    assert partials(store) == []
    with pytest.raises(WriterClosed):
        writer.commit()
    store.put("key", b"y")


def test_answer_lost_by_a_network_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that was made, but whose repeated request says that the name is taken, is ours."""
    store = FileStore(tmp_path)
    link = Path.hardlink_to

    def twice(self: Path, target: Path) -> None:
        link(self, target)
        link(self, target)

    monkeypatch.setattr("pathlib.Path.hardlink_to", twice)
    store.put("key", b"x")
    with pytest.raises(BlobExists):
        store.put("key", b"y")
    assert store.get("key") == b"x"


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr("os.write", lambda fd, block: write(fd, block[:7]))
    store = FileStore(tmp_path)
    store.put("key", b"more than seven bytes")
    assert store.get("key") == b"more than seven bytes"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EROFS, StoreReadOnly),
        (errno.EACCES, StoreReadOnly),
        (errno.EPERM, StoreReadOnly),
        (errno.EIO, StoreUnavailable),
        (errno.ESTALE, StoreUnavailable),
        (None, StoreUnavailable),
    ],
)
def test_system_errors_are_translated(code: int | None, kind: type[Exception]) -> None:
    error = OSError(code, "text") if code else OSError("text")
    found = posix_module.meaning(error, store="s")
    assert type(found) is kind
    assert found.facts["errno"] == (errno.errorcode[code] if code else "")


def test_failed_write_ends_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that went in by half must never be committed."""
    store = FileStore(tmp_path)
    writer = store.begin("key")
    writer.write(b"x")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        assert store.check().reason.startswith("no space")
        with pytest.raises(StoreFull):
            writer.write(b"y")
    with pytest.raises(WriterClosed):
        writer.commit()
    assert partials(store) == []


@pytest.mark.parametrize("point", ["store.write", "store.before_commit", "store.after_link"])
def test_failing_at_any_point_leaves_nothing(tmp_path: Path, point: str) -> None:
    def probe(name: str) -> None:
        if name == point:
            raise ZeroDivisionError

    store = FileStore(tmp_path, probe=probe)
    writer = store.begin("key")
    with suppress(ZeroDivisionError):
        writer.write(b"x")
        writer.commit()
    with pytest.raises(WriterClosed):
        writer.commit()
    assert not store.exists("key")
    assert partials(store) == []


# -- real file systems


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount a small tmpfs, or skip where that is not allowed."""
    point = tmp_path / "mounted"
    point.mkdir()

    def run(options: str) -> Path:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(point)],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"cannot mount a tmpfs: {done.stderr.decode().strip()}")
        return point

    try:
        yield run
    finally:
        subprocess.run(["umount", str(point)], capture_output=True, check=False)


def test_full_disk(mount: Callable[..., Path]) -> None:
    store = FileStore(mount("size=1m"))
    store.put("small", bytes(MIB // 4))
    with pytest.raises(StoreFull) as caught:
        store.put("big", [bytes(MIB // 8)] * 8)
    assert caught.value.facts["errno"] == "ENOSPC"
    assert caught.value.facts["key"] == "big"
    assert partials(store) == []
    assert [stat.key for stat in store.list()] == ["small"]
    store.put("next", bytes(MIB // 2))
    free = store.check().free
    assert free is not None
    assert 0 < free < MIB // 2


def test_no_files_left(mount: Callable[..., Path]) -> None:
    store = FileStore(mount("nr_inodes=6"))
    store.put("one", b"x")  # the root, .partial, two shards and the blob
    with pytest.raises(StoreFull):
        store.put("two", b"x")
    assert store.get("one") == b"x"
    assert partials(store) == []


def test_read_only_disk(mount: Callable[..., Path]) -> None:
    point = mount("size=1m")
    store = FileStore(point)
    store.put("key", b"x")
    subprocess.run(["mount", "-o", "remount,ro", str(point)], check=True)
    store = FileStore(point)
    for act in (store.begin, store.delete):
        with pytest.raises(StoreReadOnly) as caught:
            act("key")
        assert caught.value.facts["errno"] == "EROFS"
    health = store.check()
    assert not health.writable
    assert "EROFS" in health.reason
    assert store.get("key") == b"x"
    assert store.sweep(0) == 0


# -- sweeping, and dying


def test_sweep_takes_the_dead_only(tmp_path: Path) -> None:
    store, other = FileStore(tmp_path), FileStore(tmp_path)
    dead = tmp_path / ".partial" / "dead"
    dead.write_bytes(b"x")
    with store.begin("key") as writer:
        writer.write(b"x")
        assert other.sweep(60) == 0
        os.utime(dead, (0, 0))
        assert other.sweep(60) == 1
        dead.write_bytes(b"x")
        assert other.sweep(0) == 1
        assert len(partials(store)) == 1
        writer.commit()
    assert store.sweep(0) == 0


def test_sweep_goes_by_the_clock_of_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(tmp_path)
    (tmp_path / ".partial" / "fresh").write_bytes(b"x")
    real = time.time()
    monkeypatch.setattr("time.time", lambda: real + 3600)
    assert store.sweep(60) == 0


def test_sweep_between_creating_and_locking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer whose new file was swept before it could lock it takes another one."""
    store = FileStore(tmp_path)
    flock = fcntl.flock
    swept: list[int] = []

    def late(fd: object, how: int) -> None:
        if not swept:
            swept.append(0)
            swept[0] = store.sweep(0)
        flock(fd, how)  # type: ignore[arg-type]

    monkeypatch.setattr("fcntl.flock", late)
    store.put("key", b"x")
    assert swept == [1]
    assert store.get("key") == b"x"


CHILD = """
import os, signal, sys
from stores import FileStore
root, point = sys.argv[1:]
def probe(name):
    if name == point:
        if name != "store.write":
            os.kill(os.getpid(), signal.SIGKILL)
        print("writing", flush=True)
        sys.stdin.read()
store = FileStore(root, probe=probe)
with store.begin("key") as writer:
    writer._partial.write(b"half")
    writer.write(b"whole")
    writer.commit()
store.delete("key")
"""


def child(root: Path, point: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root), point],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@pytest.mark.crash
def test_writer_killed_in_the_middle(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with child(tmp_path, "store.write") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        (partial,) = partials(store)
        assert store.sweep(0) == 0, "a slow writer of another process is not dead"
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert partial.read_bytes() == b"half"
    assert store.sweep(0) == 1
    assert partials(store) == []
    assert list(store.list()) == []
    store.put("key", b"x")


@pytest.mark.crash
@pytest.mark.parametrize(
    ("point", "there", "left"),
    [
        ("store.before_commit", False, 1),
        ("store.after_link", True, 1),
        ("store.before_delete", True, 0),
        ("store.after_delete", False, 0),
    ],
)
def test_killed_at_each_point(tmp_path: Path, point: str, there: bool, left: int) -> None:
    store = FileStore(tmp_path)
    with child(tmp_path, point) as process:
        assert process.wait(30) == -signal.SIGKILL
    assert len(partials(store)) == left
    assert store.exists("key") is there
    assert store.sweep(0) == left
    assert store.exists("key") is there
    if there:
        assert store.get("key") == b"halfwhole"
        with suppress(BlobNotFound):
            store.delete("key")
    store.put("key", b"x")


def test_forgotten_writer_is_swept(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    writer = store.begin("key")
    writer.write(b"x")
    with pytest.warns(ResourceWarning, match="unclosed file"):
        del writer
    assert store.sweep(0) == 1
