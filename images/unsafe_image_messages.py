"""Why data is refused, in the words of those who own it; what the checks call it stands behind, for operators."""

from collections.abc import Iterable, Mapping
from typing import Final

_ONE_FILE: Final = "`qemu-img convert` makes one disk of all"
WORDS: Final[Mapping[str, str]] = {
    "backing_file": f"it is built on another file, its backing file; {_ONE_FILE}",
    "data_file": f"its data lies in another file; {_ONE_FILE}",
    "parent": f"it holds only what differs from another disk; {_ONE_FILE}",
    "unknown_features": "it has features of qcow2 that are not known here; `qemu-img convert -O qcow2` writes it"
    " without",
    "banned": "its format, QED, is not taken; `qemu-img convert -O qcow2` makes a disk of it that is",
    "mbr": "the partition table in its first sector contradicts itself; fdisk or parted write it anew, and an operator"
    " can let such disks in",
    "descriptor": "its descriptor may name nothing but this one file;"
    " `qemu-img convert -O vmdk -o subformat=streamOptimized` makes such a disk",
    "capacity": "it says that it holds nothing",
    "regions": "it says in two ways where its parts lie",
    "version": "only LUKS 1 is known here",
}
"""By the name of the check."""

DESCRIPTOR_ALONE: Final = (
    "the data is a VMDK descriptor, or in ESX's old format: these name other files, where the disk itself lies;"
    " `qemu-img convert -O vmdk -o subformat=streamOptimized` makes one file of them"
)


def unsafe(format_: str, causes: Iterable[str]) -> str:
    """Why a disk of this format is refused; each cause is the name of a check, a colon, and what it saw."""
    seen: dict[str, list[str]] = {}
    for name, _, what in (cause.partition(": ") for cause in causes):
        seen.setdefault(name, []).append(what)
    subject = "this disk" if format_ == "gpt" else f"this {format_} disk"
    return f"{subject} cannot be kept: {'; '.join(_worded(*one) for one in seen.items())}"


def several(formats: Iterable[str]) -> str:
    listed = ", ".join(formats)
    return f"the data looks like several formats at once ({listed}), and who reads it may take it for another than you"


def mismatch(claimed: str, found: str) -> str:
    seen = "raw, with a partition table" if found == "gpt" else found
    return f"the image says disk_format {claimed}, its data is {seen}"


def believed(claimed: str, found: str) -> str:
    """What is said of data that was taken though it is not what the image says."""
    return f"{mismatch(claimed, found)}; it was taken, and whoever starts it reads it as {claimed}"


def _worded(check: str, seen: list[str]) -> str:
    told = f"{check}: {', '.join(seen)}" if any(seen) else check
    return f"{WORDS[check]} ({told})" if check in WORDS else told
