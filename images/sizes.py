"""Sizes as operators write them."""

import re

_UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_SIZE = re.compile(r"\s*([0-9]{1,18})\s*([A-Za-z]*)\s*", re.ASCII)
MIB = 1 << 20


def bytes_of(text: str) -> int:
    """`500`, `500 B`, `20GB`: bytes, units of 1024. ValueError for anything else."""
    found = _SIZE.fullmatch(text)
    if found is None or found[2].upper() not in _UNITS:
        raise ValueError(f"{text!r} is no size: it is a whole number, then B, KB, MB, GB or TB")
    return int(found[1]) * _UNITS[found[2].upper()]
