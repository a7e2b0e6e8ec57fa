"""The `Range` header (RFC 9110 §14), one range at a time, and Glance's old `Content-Range` in requests.

Units are written in any case of letters; a header without a value asks for nothing.
"""

import re
from dataclasses import dataclass

from catalog.errors import InvalidParameter, RangeNotSatisfiable

_RANGE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)", re.ASCII | re.IGNORECASE)
_OLD = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)", re.ASCII | re.IGNORECASE)
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `start + length` of a blob of `size`; `partial` when a range was asked for."""

    start: int
    length: int
    size: int
    partial: bool

    @property
    def content_range(self) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{self.size}"


def span(size: int, asked: str | None, old: str | None = None) -> Span:
    """What to send of `size` bytes. InvalidParameter for several ranges, RangeNotSatisfiable for one that is none."""
    if asked and (wanted := asked.strip()):
        return _modern(size, wanted)
    if old and (wanted := old.strip()):
        return _ancient(size, wanted)
    return Span(0, size, size, partial=False)


def announced_whole(size: int | None, asked: str | None) -> int | None:
    """How many bytes a PUT brings, when a `Content-Range` says so too: of the whole, for a part that was stored as the
    whole would be taken for it. InvalidParameter.
    """
    if not asked or not asked.strip():
        return size
    found = _OLD.fullmatch(asked.strip()) if len(asked) <= LONGEST else None
    if found is not None:
        count = int(found[2]) + 1
        if int(found[1]) == 0 and size in (None, count) and found[3] in ("*", str(count)):
            return count
    raise InvalidParameter(
        f"data is sent whole, or in parts by an upload session; {asked[:LONGEST]!r} is a part, or none",
        header="Content-Range",
    )


def _modern(size: int, asked: str) -> Span:
    if "," in asked:
        raise InvalidParameter("only one range can be asked for at a time", header="Range")
    found = _RANGE.fullmatch(asked) if len(asked) <= LONGEST else None
    if found is None or found.groups() == ("", ""):
        raise _unsatisfiable(size, asked)
    first, last = found.groups()
    if not first:
        start = max(size - int(last), 0)
        end = size - 1 if int(last) else -1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            raise _unsatisfiable(size, asked)
    if start >= size or end < start:
        raise _unsatisfiable(size, asked)
    return Span(start, end - start + 1, size, partial=True)


def _ancient(size: int, asked: str) -> Span:
    found = _OLD.fullmatch(asked) if len(asked) <= LONGEST else None
    if found is None:
        raise _unsatisfiable(size, asked)
    start, end = int(found[1]), int(found[2])
    if start >= size or end < start or end >= size:
        raise _unsatisfiable(size, asked)
    return Span(start, end - start + 1, size, partial=True)


def _unsatisfiable(size: int, asked: str) -> RangeNotSatisfiable:
    return RangeNotSatisfiable(
        f"range {asked[:LONGEST]!r} does not lie in {size} bytes",
        headers={"Content-Range": f"bytes */{size}"},
    )
