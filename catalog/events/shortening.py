"""What an event keeps of a value: short ones whole, of long ones how long they were and which."""

import hashlib
from typing import Any

import orjson

LONGEST_TEXT, LONGEST = 512, 2048
"""Bytes of a text, and of anything else as JSON: a sentence that says why something failed is kept whole."""


def shortened(value: Any) -> Any:
    """The value, or `{"sha256": …, "bytes": …}` of a text's UTF-8 or of any other value's JSON."""
    if isinstance(value, str):
        written, most = value.encode("utf-8", "surrogatepass"), LONGEST_TEXT
    elif isinstance(value, list | tuple | dict):
        written, most = orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS), LONGEST
    else:
        return value
    if len(written) <= most:
        return value
    return {"sha256": hashlib.sha256(written).hexdigest(), "bytes": len(written)}
