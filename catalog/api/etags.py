"""Entity tags and the conditions on them (RFC 9110 §8.8.3, §13.1): reading again only what changed, and writing only
what is still as it was read.

Every tag is strong: it changes whenever the answer does. There are no dates to compare with, so conditions on dates do
not hold or do not count, as the RFC has it for a resource without a modification date.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from catalog.errors import InvalidParameter, PreconditionFailed

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG})*\s*")
ANYTHING = "*"


class Headers(Protocol):
    """Django's, Starlette's, or a plain dictionary's."""

    def get(self, key: str, /) -> str | None: ...


def tag_of(document: Mapping[str, Any], revision: int) -> str:
    """The tag of what one caller is shown of a row: its revision, and a digest of the view."""
    shown = orjson.dumps(document, option=orjson.OPT_SORT_KEYS, default=str)
    return f'"{revision}-{hashlib.sha256(shown).hexdigest()[:32]}"'


def tag_of_bytes(digest: str) -> str:
    return f'"{digest}"'


def headers(tag: str) -> dict[str, str]:
    """What goes with an answer that has a tag; no cache may give one caller's view to another."""
    return {"ETag": tag, "Cache-Control": "private, no-cache"}


def conditional(sent: Headers) -> bool:
    """Whether the request depends on what the resource is now."""
    return any(sent.get(name) is not None for name in ("If-Match", "If-None-Match"))


def require(sent: Headers, tag: str | None) -> None:
    """For a write: PreconditionFailed when a condition does not hold. `tag` is None when there is nothing yet."""
    _require_match(sent, tag)
    unwanted = sent.get("If-None-Match")
    if (
        tag is not None
        and unwanted is not None
        and _named(unwanted, tag, "If-None-Match", weak=True)
    ):
        raise _failed("If-None-Match", tag)


def unchanged(sent: Headers, tag: str | None) -> bool:
    """For a read: whether the client has it already, so that 304 is the answer. PreconditionFailed."""
    _require_match(sent, tag)
    known = sent.get("If-None-Match")
    return tag is not None and known is not None and _named(known, tag, "If-None-Match", weak=True)


def range_counts(sent: Headers, tag: str | None) -> bool:
    """Whether `Range` is to be read: not when `If-Range` names something else, a date included (§13.1.5)."""
    condition = sent.get("If-Range")
    return condition is None or (tag is not None and condition.strip() == tag)


def _require_match(sent: Headers, tag: str | None) -> None:
    wanted = sent.get("If-Match")
    if wanted is None:
        return
    if tag is None:
        raise PreconditionFailed("If-Match does not hold: there is nothing yet", header="If-Match")
    if not _named(wanted, tag, "If-Match", weak=False):
        raise _failed("If-Match", tag)


def _named(text: str, tag: str, header: str, *, weak: bool) -> bool:
    if text.strip() == ANYTHING:
        return True
    if not _LIST.fullmatch(text):
        raise InvalidParameter(
            f'{header} lists entity tags in double quotes ("…", "…") or is *, not {text[:80]!r}',
            header=header,
        )
    found = re.findall(_TAG, text)
    return tag in ([one.removeprefix("W/") for one in found] if weak else found)


def _failed(header: str, tag: str) -> PreconditionFailed:
    return PreconditionFailed(
        f"{header} does not hold: it is {tag} now; read it again and decide anew",
        header=header,
        headers={"ETag": tag},
    )
