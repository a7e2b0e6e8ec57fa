"""Other files that the header of a disk image leads to, where `oslo.utils` does not look for them or reads the header
otherwise than QEMU does.

`beginning` is the first `SEEN` bytes of a file at least, fewer only where it is shorter. The causes for which an image
is refused are told as text.
"""

import re
import struct
from collections.abc import Iterator
from typing import Final

from oslo_utils.imageutils.format_inspector import (
    CaptureRegion,
    FileInspector,
    QcowInspector,
    VDIInspector,
    VHDInspector,
    VHDXInspector,
    VMDKInspector,
)

SEEN: Final = 32 << 10
SECTOR: Final = 512
NAMED_TYPE: Final = b"createtype"
DESCRIPTOR: Final = re.compile(
    rb"(?:#[^\n]*\n|[ \t]*\r?\n)*version[ \t]*=[ \t]*[0-9]", re.IGNORECASE
)
"""Text that QEMU takes for a VMDK descriptor, whatever follows it; its extents are other files (CVE-2022-47951)."""
DESCRIPTOR_LONGEST: Final = 1 << 20
"""Of a file that it is told to be a VMDK, QEMU takes so much for a descriptor at most."""

_VMDK_HEADER: Final = struct.Struct("<4sIIQQQQ")
_PARENT: Final = re.compile(
    r"parentfilenamehint[^\n]*|parentcid(?!=ffffffff[ \t\r]*(?:\n|$))[^\n]*"
)
"""What makes QEMU open a VMDK's backing file; the descriptor is in lower case here."""
_KIND: Final = re.compile(r'createtype="(?:monolithicsparse|streamoptimized)"')
_EXTENT: Final = re.compile(r'(?:rw|rdonly|noaccess) [0-9]+ sparse "[^"/\\]+"(?: [0-9]+)?')
_FIELD: Final = re.compile(
    r"#.*|(?:version|encoding|cid|parentcid|isnativesnapshot|createtype)=.*"
    r"|ddb(?!\.sidecars|[^=]*parent)[^=]*=.*"
)
_ODD: Final = re.compile(r"[^\t\r\n -~]|\r(?!\n)")

_DATA_FILE: Final = 0x44415441
"""The header extension of qcow2 that names a file with the data."""
_VHD_KINDS: Final = frozenset({2, 3})
"""Fixed and dynamic; 4 is a difference to a parent."""
_VDI_KINDS: Final = frozenset({1, 2})
_VHDX_PARENT: Final = "A8D35F2D-B30B-454D-ABF7-D3D84834AB0C"
_SECOND_TABLE: Final = "second region table"


def watch(inspector: FileInspector) -> None:
    """Let a new inspector also keep what is asked for here."""
    if isinstance(inspector, VHDXInspector):
        inspector.new_region(_SECOND_TABLE, CaptureRegion(256 << 10, 64 << 10))


def causes(found: FileInspector, beginning: bytes) -> list[str]:
    """Why a file of the inspector's format, which it saw, is refused; empty when it stands alone."""
    match found:
        case VMDKInspector():
            return list(_vmdk(beginning))
        case QcowInspector():
            return list(_qcow2(beginning))
        case VHDInspector():
            return vhd_footer(beginning)
        case VHDXInspector():
            return list(_vhdx(found))
        case VDIInspector():
            return _vdi(beginning)
    return []


def is_bare_vmdk(beginning: bytes) -> bool:
    """Whether QEMU by itself takes the file for a VMDK that nobody can vouch for: a descriptor, or ESX's old format."""
    return beginning.startswith(b"COWD") or DESCRIPTOR.match(beginning) is not None


def is_descriptor_if_told(beginning: bytes) -> bool:
    """Whether QEMU reads the file as a descriptor when somebody says that it is a VMDK (`DESCRIPTOR_LONGEST` bytes)."""
    text = beginning[:DESCRIPTOR_LONGEST].partition(b"\0")[0]
    return not text.startswith(b"KDMV") and NAMED_TYPE in text.lower()


def vhd_footer(footer: bytes) -> list[str]:
    """Why a VHD with this footer, or with this copy of it at its beginning, is refused; nothing for other bytes."""
    if not footer.startswith(b"conectix"):
        return []
    (kind,) = struct.unpack_from(">I", footer.ljust(SECTOR, b"\0"), 60)
    return [] if kind in _VHD_KINDS else [f"parent: a disk of type {kind} is built on another"]


def _vmdk(beginning: bytes) -> Iterator[str]:
    """QEMU seeks a parent in 20 sectors, whatever the header says; of a disk of capacity 0 it opens the extents."""
    magic, _, _, capacity, _, _, sectors = _VMDK_HEADER.unpack_from(
        beginning.ljust(_VMDK_HEADER.size, b"\0")
    )
    if magic != b"KDMV":
        yield "descriptor: it stands alone, and names other files"
        return
    if not capacity:
        yield "capacity: it is 0, so that the data lies in other files"
    content, end, _ = beginning[SECTOR:SEEN].partition(b"\0")
    if not end and len(beginning) >= SEEN:
        yield f"descriptor: it is longer than {SEEN - SECTOR} bytes"
    if len(content) > sectors * SECTOR:
        yield "descriptor: it goes on beyond the size that the header gives it"
    yield from _descriptor(content.decode("latin-1").lower())


def _descriptor(text: str) -> Iterator[str]:
    if parent := _PARENT.search(text):
        yield f"parent: the disk is built on another ({parent[0][:100]!r})"
    if _ODD.search(text):
        yield "descriptor: it has characters that are no plain text"
    lines = [line.strip(" \t\r") for line in text.split("\n")]
    if text.count("createtype") != 1 or not any(map(_KIND.fullmatch, lines)):
        yield "descriptor: it must say once that it is monolithicSparse or streamOptimized"
    others = [line for line in lines if line and not _FIELD.fullmatch(line)]
    if len(others) != 1 or not _EXTENT.fullmatch(others[0]):
        shown = ", ".join(repr(line[:60]) for line in others[:3]) or "none"
        yield f'descriptor: there must be one extent of the form RW 1 SPARSE "name", not {shown}'


def _qcow2(beginning: bytes) -> Iterator[str]:
    """The header's extensions, which end with type 0, a cluster, or the backing file's name."""
    header = beginning[:SEEN].ljust(SEEN, b"\0")
    version, backing, bits = struct.unpack_from(">4xIQ4xI", header)
    (length,) = struct.unpack_from(">I", header, 100) if version > 2 else (72,)
    at, end = length, backing or 1 << min(bits, 32)
    while at + 8 <= end:
        if at + 8 > SEEN:
            yield f"extensions: they go on beyond {SEEN} bytes"
            return
        kind, size = struct.unpack_from(">II", header, at)
        if kind == 0:
            return
        if kind == _DATA_FILE:
            yield "data_file: an extension of the header names a file with the data"
        at += 8 + (size + 7) // 8 * 8


def _vhdx(found: VHDXInspector) -> Iterator[str]:
    """One of two region tables counts, so both must lead to the same metadata; those of a difference name a parent."""
    if bytes(found.region("header").data) != bytes(found.region(_SECOND_TABLE).data):
        yield "regions: the two region tables differ"
    table = bytes(found.region("metadata").data) if found.has_region("metadata") else b""
    entries = (table[at : at + 16] for at in range(32, len(table) - 31, 32))
    if any(found._guid(entry) == _VHDX_PARENT for entry in entries):  # noqa: SLF001 - how it writes identifiers
        yield "parent: the disk is built on another"


def _vdi(beginning: bytes) -> list[str]:
    header = beginning.ljust(SECTOR, b"\0")
    (kind,) = struct.unpack_from("<I", header, 0x4C)
    if kind in _VDI_KINDS and not any(header[0x1A8:0x1C8]):
        return []
    return [f"parent: a disk of type {kind} is built on another"]
