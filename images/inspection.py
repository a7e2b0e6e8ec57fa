"""What a disk image really is, seen from its stream, and whether it is safe to keep.

`oslo.utils` brings the inspectors; here they are fed, bounded, and judged. A header lies at the beginning in every
format, so most inspectors have what they need after the first block and see nothing more; only the footer of a VMDK
keeps one of them looking. Each holds at most some hundred kilobytes (a VMDK's descriptor is cut at 1 MiB).

Hypervisors read zeros beyond the end of a file, so a file shorter than a header is judged as if it went on.
"""

from collections.abc import Collection
from typing import Final

from oslo_utils.imageutils.format_inspector import (
    FileInspector,
    GPTInspector,
    ImageFormatError,
    LUKSInspector,
    SafetyCheckFailed,
)

from catalog.errors import UnsupportedMediaType
from images import external_files, oslo_inspectors, unsafe_image_messages
from images.oslo_inspectors import RAW, UDFInspector
from stores import Block

SLICE: Final = 64 << 10
"""How much the inspectors see at once: VHDX is followed correctly only in pieces of this size."""
SHORTEST: Final = 1024
"""Longer than every header; shorter files are filled up to it."""
GPT: Final = "gpt"
VHD: Final = "vhd"
VMDK: Final = "vmdk"
WITHIN_VHD: Final = frozenset({RAW, GPT, "iso", "luks"})
"""What a fixed VHD looks like up to its last sector: the disk in it lies there as it is."""
LARGEST: Final = 2**63 - 1


class FormatMismatch(UnsupportedMediaType):
    """The data is not of the disk format that the image says."""

    code = "format_mismatch"


class UnsafeImage(UnsupportedMediaType):
    """The data could make a hypervisor read what is not the image's, or cannot be told apart for certain."""

    code = "unsafe_image"


class Inspection:
    """Feed it the blocks in order (it is an observer of an ingest), then ask for the `verdict`.

    `disk_format` is what the image claims to be. With `require_match` false a wrong claim passes, an unsafe image
    never does; `nonfatal` names the checks of partition tables (`mbr`) that only warn.
    """

    def __init__(
        self, disk_format: str, *, require_match: bool = True, nonfatal: Collection[str] = ()
    ) -> None:
        self._claimed = disk_format
        self._require_match = require_match
        self._nonfatal = frozenset(nonfatal)
        self.inspectors = [kind() for kind in oslo_inspectors.INSPECTORS]
        for one in self.inspectors:
            external_files.watch(one)
        self._looking = list(self.inspectors)
        self._beginning = bytearray()
        self._wanted = external_files.DESCRIPTOR_LONGEST if disk_format == VMDK else SLICE
        self._end = b""
        self._size = 0
        self._found = RAW
        self._virtual: int | None = None
        self._to_the_end = False
        self._judged = False

    def __call__(self, block: Block) -> None:
        """See a block; FormatMismatch or UnsafeImage as soon as that is certain."""
        view = memoryview(block).cast("B")
        self._beginning += view[: max(self._wanted - len(self._beginning), 0)]
        self._end = (self._end + bytes(view[-external_files.SECTOR :]))[-external_files.SECTOR :]
        if self._looking and len(view):
            for start in range(0, len(view), SLICE):
                self._show(bytes(view[start : start + SLICE]))
        self._size += len(view)
        if not self._looking and not self._judged:
            self._judge()

    def verdict(self) -> int | None:
        """The size of the disk inside, where it is known. FormatMismatch, UnsafeImage."""
        if not self._judged:
            self._fill_up()
            self._judge()
        self._check_whole()
        fixed = self._fixed()
        if self._claimed == VHD and fixed is not None:
            return fixed
        self._check_claim(self._found)
        if self._claimed == RAW:
            return self._size
        if self._virtual is None or not self._to_the_end:
            return self._virtual
        return max(self._size - self._virtual, 0)

    @property
    def otherwise(self) -> str | None:
        """What the data is where the image says another thing and is believed all the same; ask after the `verdict`."""
        found = self._found if self._fixed() is None else VHD
        plain = {GPT, RAW} if self._claimed == RAW else {self._claimed}
        if found in plain or not self._size or (found == RAW and self._is_beyond_us()):
            return None
        return found

    def _fixed(self) -> int | None:
        """The size of the disk in a fixed VHD, known once the last sector came."""
        if self._found not in WITHIN_VHD:
            return None
        return oslo_inspectors.fixed_vhd(self._end, self._size)

    def _show(self, part: bytes) -> None:
        self._looking = [one for one in self._looking if self._wants_more(one, part)]

    @staticmethod
    def _wants_more(one: FileInspector, part: bytes) -> bool:
        """Show a part to an inspector. It may look for something new in the part after it got all it wanted."""
        had_all = one.complete
        try:
            one.eat_chunk(part)
        except Exception:  # noqa: BLE001 - what an inspector makes of hostile bytes must not end the upload
            return False
        return not (had_all and one.complete)

    def _fill_up(self) -> None:
        missing = SHORTEST - self._size
        if missing <= 0:
            return
        for one in self._looking:
            # A descriptor is text to its end; anything else goes on with zeros.
            self._wants_more(one, (b"\n" if one.NAME == "vmdk" else b"\0") * missing)

    def _judge(self) -> None:
        for one in self.inspectors:
            one.finish()
        matches = {one.NAME: one for one in self.inspectors if self._matches(one)}
        if matches.keys() == {"iso", "gpt"}:  # an ISO that boots from a stick
            del matches["gpt"]
        if len(matches) > 1:
            raise UnsafeImage(
                unsafe_image_messages.several(sorted(matches)), formats=sorted(matches)
            )
        if external_files.is_bare_vmdk(bytes(self._beginning[:SLICE])):
            raise UnsafeImage(unsafe_image_messages.DESCRIPTOR_ALONE, format=VMDK)
        found = next(iter(matches.values()), None)
        if found is not None:
            self._check_safety(found)
        self._found = RAW if found is None else found.NAME
        if not (self._claimed == VHD and self._found in WITHIN_VHD):  # its mark is yet to come
            self._check_claim(self._found)
        if found is not None and self._claimed == found.NAME:
            self._virtual = self._inner_size(found)
        self._judged = True

    @staticmethod
    def _matches(one: FileInspector) -> bool:
        try:
            return bool(one.format_match)
        except Exception:  # noqa: BLE001 - the VMDK inspector fails on text that ends in other bytes
            return False

    def _check_safety(self, found: FileInspector) -> None:
        causes: list[str] = []
        try:
            found.safety_check()
        except SafetyCheckFailed as error:
            ignored = self._nonfatal if found.NAME == "gpt" else frozenset[str]()
            causes = [
                f"{name}: {why}" for name, why in error.failures.items() if name not in ignored
            ]
        except ImageFormatError as error:
            causes = [str(error)]
        except Exception:  # noqa: BLE001 - an inspector that cannot read the header cannot vouch for it
            causes = ["the header cannot be read"]
        causes += self._references(found)
        if causes:
            raise UnsafeImage(
                unsafe_image_messages.unsafe(found.NAME, causes), format=found.NAME, causes=causes
            )

    def _references(self, found: FileInspector) -> list[str]:
        try:
            return external_files.causes(found, bytes(self._beginning[:SLICE]))
        except Exception:  # noqa: BLE001 - see _check_safety
            return ["the header cannot be read"]

    def _check_whole(self) -> None:
        """What is seen at the end of the data only."""
        seen, causes = VHD, list[str]()
        if VHD in (self._claimed, self._found):
            causes = external_files.vhd_footer(self._end)
        if self._claimed == VMDK and external_files.is_descriptor_if_told(bytes(self._beginning)):
            seen, causes = VMDK, ["descriptor: the data is one for who takes it for a VMDK"]
        if causes:
            raise UnsafeImage(
                unsafe_image_messages.unsafe(seen, causes), format=self._claimed, causes=causes
            )

    def _check_claim(self, found: str) -> None:
        """A format that nobody can inspect is believed as long as the data looks like nothing else."""
        if self._claimed in (found, RAW) or not self._require_match:
            return
        if found == RAW and self._is_beyond_us():
            return
        seen = found if self._size else "empty"
        raise FormatMismatch(
            unsafe_image_messages.mismatch(self._claimed, seen), claimed=self._claimed, found=found
        )

    def _is_beyond_us(self) -> bool:
        """Whether the image says a format that nobody can recognise."""
        return self._claimed not in oslo_inspectors.KNOWN

    def _inner_size(self, found: FileInspector) -> int:
        """The size of the disk; of one that goes on to the end of the file, what lies before it."""
        try:
            if isinstance(found, GPTInspector | UDFInspector):
                self._to_the_end, size = True, 0
            elif isinstance(found, LUKSInspector):
                self._to_the_end = True
                size = int(found.header_items["payload_offset"]) * 512
            else:
                size = int(found.virtual_size)
        except Exception:  # noqa: BLE001 - see _check_safety
            size = -1
        if not 0 <= size <= LARGEST:
            raise UnsafeImage(
                f"the {found.NAME} header gives the disk an impossible size", format=found.NAME
            )
        return size
