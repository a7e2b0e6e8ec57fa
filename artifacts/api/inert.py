"""Stored bytes on their way to a browser: to be saved, whatever their owner says they are, and never to be run."""

import re

OCTETS = "application/octet-stream"
HEADERS = {
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""A browser that opens the address saves the bytes; one that shows them all the same runs nothing in them."""

_TYPE = re.compile(
    r"([a-z0-9!#$&^_.+-]+)/([a-z0-9!#$&^_.+-]+)\s*(?:;.*)?", re.ASCII | re.IGNORECASE
)
_RUN = re.compile(
    r"html|xml|svg|script|java|css|wasm|flash|pdf|component|manifest|^(?:multipart|message)/"
)


def inert(content_type: str) -> str:
    """The stored content type; that of plain bytes for one that browsers run or take to pieces, or that is none."""
    found = _TYPE.fullmatch(content_type.strip())
    if found is None or _RUN.search(f"{found[1]}/{found[2]}".lower()):
        return OCTETS
    return content_type.strip()
