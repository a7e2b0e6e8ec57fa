"""Disk images for tests: real ones by `qemu-img` where it is, and the smallest valid ones made here."""

import os
import random
import shutil
import struct
import subprocess
import uuid
from pathlib import Path

CLUSTER = 65536
SECTOR = 512
MIB = 1 << 20


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
    """Tried again when qemu-img measures its own key derivation and sees no tick of the processor's clock go by."""
    tool = qemu_img()
    assert tool is not None
    for _ in range(20):
        done = subprocess.run([tool, *arguments], check=False, capture_output=True, text=True)
        if "accurate CPU usage" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr


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


def extended_qcow2(kind: int, value: bytes, *, version: int = 3) -> bytes:
    """A qcow2 disk with an extension in its header."""
    content = bytearray(smallest_qcow2(1 << 20, version=version))
    extension = struct.pack(">II", kind, len(value)) + value
    at = 104 if version > 2 else 72
    content[at : at + len(extension)] = extension
    return bytes(content)


def dynamic_vhd(*, kind: int = 3, end: int = 3) -> bytes:
    """What a VHD begins and ends with: two copies of one footer, which says what kind of disk it is."""

    def footer(which: int) -> bytes:
        return struct.pack(">8sIIQ16xQQII", b"conectix", 2, 0x10000, 512, MIB, MIB, 0, which).ljust(
            SECTOR, b"\0"
        )

    return footer(kind).ljust(65536, b"\0") + footer(end)


def vhdx(*, parent: bool = False, second: bool = True) -> bytes:
    """The region tables of a VHDX and its metadata: the size, and the locator of a parent when there is one."""
    region, size_item, locator = (
        uuid.UUID(one).bytes_le
        for one in (
            "8B7CA206-4790-4B9A-B8FE-575F050F886E",
            "2FA54224-CD1B-4876-B211-5DBED83BF4B8",
            "A8D35F2D-B30B-454D-ABF7-D3D84834AB0C",
        )
    )
    table = struct.pack("<4sIII", b"regi", 0, 1, 0) + region + struct.pack("<QII", MIB, MIB, 1)
    other = table if second else table.replace(struct.pack("<Q", MIB), struct.pack("<Q", 2 * MIB))
    items = size_item + struct.pack("<IIII", 65536, 8, 6, 0)
    if parent:
        items += locator + struct.pack("<IIII", 65544, 64, 4, 0)
    metadata = struct.pack("<8sHH20x", b"metadata", 0, 2 if parent else 1) + items
    content = bytearray(2 * MIB)
    content[:8] = b"vhdxfile"
    content[192 << 10 : (192 << 10) + len(table)] = table
    content[256 << 10 : (256 << 10) + len(other)] = other
    content[MIB : MIB + len(metadata)] = metadata
    content[MIB + 65536 : MIB + 65544] = struct.pack("<Q", 3 * MIB)
    return bytes(content)


def vdi(*, kind: int = 1, parent: bytes = b"") -> bytes:
    """A VDI's header and some room."""
    header = bytearray(b"<<< VirtualBox Disk Image >>>".ljust(MIB, b"\0"))
    struct.pack_into("<IIII", header, 0x40, 0xBEDA107F, 0x10001, 0x190, kind)
    struct.pack_into("<Q", header, 0x170, 3 * MIB)
    header[0x1B8 : 0x1B8 + len(parent)] = parent
    return bytes(header)


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


def sparse_vmdk(
    descriptor: bytes, *, sectors: int = 2048, size: int = 1 << 20, length: int = 20
) -> bytes:
    """A hosted sparse extent with this descriptor inside it, which the header says has `length` sectors."""
    header = struct.pack("<4sIIQQQQIQQ", b"KDMV", 1, 3, sectors, 128, 1, length, 512, 0, 21)
    return (header.ljust(SECTOR, b"\0") + descriptor.ljust(length * SECTOR, b"\0")).ljust(
        size, b"\0"
    )


def fixed_vhd(content: bytes, *, kind: int = 2, size: int | None = None) -> bytes:
    """A disk as it is, and a footer behind it."""
    inner = len(content) if size is None else size
    footer = struct.pack(">8sIIQ16xQQII", b"conectix", 2, 0x10000, 2**64 - 1, inner, inner, 0, kind)
    return content + footer.ljust(SECTOR, b"\0")


def boot_sector(
    beginning: bytes, *, code: bytes = b"\x17\x42 no system here ", size: int = MIB
) -> bytes:
    """A first sector with code where an MBR has its table, and the mark that both end with."""
    return (beginning + (code * 40)[: 510 - len(beginning)] + b"\x55\xaa").ljust(size, b"\0")


def fat(*, tables: int = 2, medium: int = 0xF0, sector: int = 512) -> bytes:
    """What FAT begins with, whatever its width."""
    block = struct.pack("<HBHBHHBHHHII", sector, 1, 1, tables, 224, 2880, medium, 9, 18, 2, 0, 0)
    return boot_sector(b"\xeb\x3c\x90MSDOS5.0" + block)


def ntfs() -> bytes:
    return boot_sector(b"\xeb\x52\x90NTFS    " + struct.pack("<HBHBHHB", 512, 8, 0, 0, 0, 0, 0xF8))


def exfat() -> bytes:
    return boot_sector(b"\xeb\x76\x90EXFAT   " + bytes(53))


def empty_mbr(code: bytes = b"\xfa\x33\xc0") -> bytes:
    """A disk on which a partition table was laid, and no partition yet."""
    return (code.ljust(440, b"\x90") + b"\x12\x34\x56\x78" + bytes(66) + b"\x55\xaa").ljust(
        MIB, b"\0"
    )


def kernel() -> bytes:
    """What a Linux kernel for x86 begins with, as an EFI program: its setup sector, and the next one."""
    first = boot_sector(b"MZ\xea\x07\x00\xc0\x07", size=SECTOR)
    return (first + b"\xeb\x6aHdrS" + struct.pack("<H", 0x20F)).ljust(MIB, b"\xcc")


def udf(*, first: bytes = b"BEA01", second: bytes = b"NSR02", step: int = 2048) -> bytes:
    """The descriptors that UDF begins with, 32 KiB into the disc."""
    marks = (first, second, b"TEA01")
    found = b"".join((b"\0" + mark + b"\1").ljust(step, b"\0") for mark in marks)
    return (bytes(32768) + found).ljust(MIB, b"\0")
