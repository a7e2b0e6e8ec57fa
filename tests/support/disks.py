"""Disk images for tests: real ones by `qemu-img` where it is, and the smallest valid ones made here."""

import os
import random
import shutil
import struct
import subprocess
from pathlib import Path

CLUSTER = 65536
SECTOR = 512


def qemu_img() -> str | None:
    """Where the tool is; None on a machine without it."""
    return os.environ.get("VITRINE_TEST_QEMU_IMG") or shutil.which("qemu-img")


def qcow2(path: Path, *, seed: int = 1, size: int = 3 << 20) -> Path:
    """A qcow2 image with some random data in it."""
    if qemu_img():
        return converted(path, "qcow2", seed=seed, size=size)
    path.write_bytes(smallest_qcow2(size) + random.Random(seed).randbytes(size))
    return path


def converted(path: Path, driver: str, *options: str, seed: int = 1, size: int = 3 << 20) -> Path:
    """Random data in one of QEMU's formats, by its driver's name."""
    raw = path.with_suffix(".raw-source")
    raw.write_bytes(random.Random(seed).randbytes(size))
    _run("convert", "-f", "raw", "-O", driver, *options, str(raw), str(path))
    raw.unlink()
    return path


def created(path: Path, driver: str, *options: str) -> Path:
    """An empty disk."""
    _run("create", "-f", driver, *options[:-1], str(path), options[-1])
    return path


def _run(*arguments: str) -> None:
    tool = qemu_img()
    assert tool is not None
    subprocess.run([tool, *arguments], check=True, capture_output=True)


def smallest_qcow2(
    size: int, *, version: int = 2, backing: int = 0, features: int = 0, cluster_bits: int = 16
) -> bytes:
    """Header, refcount table, refcount block and an L1 table (QEMU's docs/interop/qcow2.txt)."""
    header = struct.pack(
        ">4sIQIIQIIQQIIQ",
        b"QFI\xfb",
        version,
        backing,
        16 if backing else 0,
        cluster_bits,
        size,
        0,
        1,
        CLUSTER * 3,
        CLUSTER,
        1,
        0,
        0,
    ) + struct.pack(">QQQII", features, 0, 0, 4, 104)
    table = struct.pack(">Q", CLUSTER * 2)
    block = struct.pack(">4H", 1, 1, 1, 1)
    return b"".join(part.ljust(CLUSTER, b"\0") for part in (header, table, block, b""))


def iso(blocks: int = 40) -> bytes:
    """A primary volume descriptor where ISO 9660 wants it, and room."""
    volume = bytearray(2048)
    volume[:7] = b"\x01CD001\x01"
    volume[80:88] = struct.pack("<I", blocks) + struct.pack(">I", blocks)
    volume[128:132] = struct.pack("<H", 2048) + struct.pack(">H", 2048)
    return (bytes(32768) + bytes(volume)).ljust(blocks * 2048, b"\0")


def partitioned(
    *, kind: int = 0xEE, boot: int = 0, first: int = 1, extra: int = 0, size: int = 1 << 20
) -> bytes:
    """A disk with a protective MBR (kind 0xEE) or another partition table."""
    start = (0, 2, 0) if kind == 0xEE else (1, 1, 0)
    entry = struct.pack("<B3BB3BII", boot, *start, kind, 0xFF, 0xFF, 0xFF, first, size // SECTOR)
    other = struct.pack("<B3BB3BII", 0, 1, 1, 0, extra, 0, 0, 0, 9, 9)
    table = entry + (other if extra else bytes(16)) + bytes(32)
    return (bytes(446) + table + b"\x55\xaa").ljust(size, b"\0")


def vmdk_descriptor(
    extent: str = 'RW 2048 FLAT "/etc/passwd" 0', kind: str = "monolithicFlat"
) -> bytes:
    """The text that names where a VMDK's bytes lie."""
    return (
        "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
        f'createType="{kind}"\n\n# Extent description\n{extent}\n\n'
        '# The Disk Data Base\nddb.virtualHWVersion = "4"\n'
    ).encode()


def sparse_vmdk(descriptor: bytes, *, sectors: int = 2048, size: int = 1 << 20) -> bytes:
    """A hosted sparse extent with this descriptor inside it."""
    length = 20
    header = struct.pack("<4sIIQQQQIQQ", b"KDMV", 1, 3, sectors, 128, 1, length, 512, 0, 21)
    return (header.ljust(SECTOR, b"\0") + descriptor.ljust(length * SECTOR, b"\0")).ljust(
        size, b"\0"
    )
