"""The inspectors of `oslo.utils`, and what they do not know of disks that are as they should be.

What is added here only tells more disks by their true names; what leads to other files is `images.external_files`' to
see.
"""

import struct
from collections.abc import Mapping
from typing import Final

from oslo_utils.imageutils.format_inspector import (
    ALL_FORMATS,
    CaptureRegion,
    FileInspector,
    GPTInspector,
    QcowInspector,
    SafetyCheck,
    SafetyViolation,
)
from typing_extensions import override

from images import bootsectors

RAW: Final = "raw"
KNOWN: Final = frozenset(ALL_FORMATS)
"""Formats that data can be recognised as; `raw` is what nothing else is."""


class Qcow2Inspector(QcowInspector):
    """Subclusters (extended L2 entries) are a feature of qcow2 that QEMU has had since 5.2."""

    I_FEATURES_MAX_BIT = 5


class PartitionTableInspector(GPTInspector):
    """A first sector that ends like an MBR is none where it begins a file system or a kernel, or lists no partition."""

    @override
    def _initialize(self) -> None:
        super()._initialize()
        self.new_region("kernel", CaptureRegion(bootsectors.SECTOR, bootsectors.SECTOR))

    @property
    @override
    def format_match(self) -> bool:
        if not super().format_match:
            return False
        sector = bytes(self.region("mbr").data)
        if bootsectors.is_kernel(sector + bytes(self.region("kernel").data)):
            return False
        return not bootsectors.lists_nothing(sector) and not (
            bootsectors.is_file_system(sector) and self._is_broken()
        )

    def _is_broken(self) -> bool:
        try:
            self.check_mbr_partitions()
        except SafetyViolation:
            return True
        return False


class UDFInspector(FileInspector):
    """A disc with the file system UDF alone: descriptors that begin with BEA01, an NSR among those that follow."""

    NAME = "iso"
    _AT: Final = 32 << 10
    _LENGTH: Final = 16 << 10

    @override
    def _initialize(self) -> None:
        self.new_region("descriptors", CaptureRegion(self._AT, self._LENGTH))
        self.add_safety_check(SafetyCheck.null())

    @property
    @override
    def format_match(self) -> bool:
        found = bytes(self.region("descriptors").data)
        return found[1:6] == b"BEA01" and any(
            found[at + 1 : at + 6] in (b"NSR02", b"NSR03") for at in range(2048, len(found), 2048)
        )


_OWN: Final[Mapping[str, type[FileInspector]]] = {
    "qcow2": Qcow2Inspector,
    "gpt": PartitionTableInspector,
}
INSPECTORS: Final[tuple[type[FileInspector], ...]] = (
    UDFInspector,
    *(_OWN.get(name, kind) for name, kind in ALL_FORMATS.items() if name != RAW),
)
"""An ISO 9660 that is a UDF too is told by what comes later, which knows its size."""

_FIXED: Final = 2
_FOOTER: Final = struct.Struct(">8s40xQ4xI")
"""Of a VHD's last sector: its mark, the size of the disk, and what kind of disk it is."""


def fixed_vhd(footer: bytes, size: int) -> int | None:
    """The size of the disk in a fixed VHD of `size` bytes whose last sector is `footer`; None when it is none."""
    if size % bootsectors.SECTOR or len(footer) < bootsectors.SECTOR:
        return None
    mark, inner, kind = _FOOTER.unpack_from(footer)
    there = 0 < inner <= size - bootsectors.SECTOR
    return inner if mark == b"conectix" and kind == _FIXED and there else None
