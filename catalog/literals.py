"""Numbers and booleans written as text, read in one way by the definitions that allow them and by the index that finds
them.

A number is JSON's, leading zeros aside: no spaces, no ``+``, no ``1.`` and no ``.5``. As JSON Schema has it, ``1.0`` is
an integer. A boolean is ``true`` or ``false`` in any case, as Nova writes ``True``.
"""

import math
import re
from decimal import Decimal

_INTEGER = re.compile(r"-?[0-9]{1,300}\Z")
_NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,4})?\Z")
_BOOLEANS = {"true": True, "false": False}


def integer(text: str) -> int | None:
    """The integer that the text stands for, exactly; None when it stands for none."""
    if _INTEGER.match(text):
        return int(text)
    if number(text) is None:
        return None
    exact = Decimal(text)
    return int(exact) if exact == exact.to_integral_value() else None


def number(text: str) -> int | float | None:
    """The finite number that the text stands for; None when it stands for none."""
    if _INTEGER.match(text):
        return int(text)
    if not _NUMBER.match(text):
        return None
    found = float(text)
    return found if math.isfinite(found) else None


def boolean(text: str) -> bool | None:
    return _BOOLEANS.get(text.lower())
