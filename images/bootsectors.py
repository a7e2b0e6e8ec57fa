"""First sectors that end with 55 AA, as an MBR does, and are something else: that of a file system, or of a kernel.

What is read here decides what data is called, never whether it is safe: none of it leads to other files.
"""

import struct
from typing import Final

SECTOR: Final = 512
_TABLE: Final = slice(446, 510)
_NAMES: Final = (b"NTFS    ", b"EXFAT   ", b"-FVE-FS-", b"ReFS\0\0\0\0")
"""What stands behind the jump of NTFS, exFAT, BitLocker's volumes and ReFS."""
_FAT_BLOCK: Final = struct.Struct("<HBHBHHB")
"""Of a BIOS parameter block: bytes of a sector, sectors of a cluster, reserved, tables, entries, sectors, medium."""
_SECTORS: Final = frozenset({512, 1024, 2048, 4096})
_MEDIA: Final = frozenset({0xF0, *range(0xF8, 0x100)})


def is_file_system(sector: bytes) -> bool:
    """Whether a file system begins with the sector: one of those named above, or FAT of any width."""
    return sector[3:11] in _NAMES or _is_fat(sector)


def is_kernel(sectors: bytes) -> bool:
    """Whether the two sectors begin a Linux kernel for x86 (its boot protocol: a jump, then `HdrS`)."""
    return sectors[512:513] == b"\xeb" and sectors[514:518] == b"HdrS"


def lists_nothing(sector: bytes) -> bool:
    """Whether the partition table is empty: every byte of it."""
    return not any(sector[_TABLE])


def _is_fat(sector: bytes) -> bool:
    jump = sector[:1] == b"\xe9" or (sector[:1] == b"\xeb" and sector[2:3] == b"\x90")
    size, cluster, reserved, tables, _, _, medium = _FAT_BLOCK.unpack_from(
        sector.ljust(SECTOR, b"\0"), 11
    )
    return (
        jump
        and size in _SECTORS
        and cluster.bit_count() == 1
        and reserved > 0
        and tables in (1, 2)
        and medium in _MEDIA
    )
