"""Disk images for tests: qcow2 by `qemu-img` where it is, else the smallest valid one made here."""

import os
import random
import shutil
import struct
import subprocess
from pathlib import Path

CLUSTER = 65536


def qcow2(path: Path, *, seed: int = 1, size: int = 3 << 20) -> Path:
    """A qcow2 image with some random data in it."""
    raw = path.with_suffix(".raw")
    raw.write_bytes(random.Random(seed).randbytes(size))
    tool = os.environ.get("VITRINE_TEST_QEMU_IMG") or shutil.which("qemu-img")
    if tool:
        subprocess.run(
            [tool, "convert", "-f", "raw", "-O", "qcow2", str(raw), str(path)], check=True
        )
    else:
        path.write_bytes(_smallest(size) + raw.read_bytes())
    raw.unlink()
    return path


def _smallest(size: int) -> bytes:
    """Header, refcount table, refcount block and an L1 table (QEMU's docs/interop/qcow2.txt, version 2)."""
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, size, 0, 1, CLUSTER * 3, CLUSTER, 1, 0, 0
    )
    table = struct.pack(">Q", CLUSTER * 2)
    block = struct.pack(">4H", 1, 1, 1, 1)
    return b"".join(part.ljust(CLUSTER, b"\0") for part in (header, table, block, b""))
