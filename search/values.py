"""Reading a value as a field's type, alike for what documents hold and what callers ask for."""

import math
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog import literals
from catalog.indexing.documents import FieldType
from search import dates

SMALLEST, LARGEST = -(2**63), 2**63 - 1
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DIGITS = 40
_TRUE, _FALSE = frozenset({"true"}), frozenset({"false"})


def stored(value: Any, type_: FieldType) -> str | int | float | bool | None:
    """A document's value as the index holds it (dates: epoch milliseconds); None when it is no such value."""
    try:
        match type_:
            case FieldType.LONG:
                number = _integer(value)
                return number if number is not None and SMALLEST <= number <= LARGEST else None
            case FieldType.DOUBLE:
                return _double(value)
            case FieldType.BOOLEAN:
                return _boolean(value)
            case FieldType.DATE:
                return None if isinstance(value, bool) else dates.to_epoch(dates.parse(value))
            case _:
                return text(value)
    except (ValueError, TypeError, OverflowError):
        return None


def declared(value: Any, type_: FieldType) -> str | int | float | bool | None:
    """A property's value as the type that is declared for it; a text is read as the definitions read it that allow or
    refuse it (`catalog.literals`). None when it is no such value, and is found as the text that it is.
    """
    if isinstance(value, str):
        match type_:
            case FieldType.LONG:
                return stored(literals.integer(value), type_)
            case FieldType.DOUBLE:
                return stored(literals.number(value), type_)
            case FieldType.BOOLEAN:
                return literals.boolean(value)
    return stored(value, type_)


def text(value: Any) -> str:
    """A value as text: `true`, `1.5`, ISO dates."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def asked(value: Any, type_: FieldType) -> int | float | bool | None:
    """A caller's value as the index holds it in a field of this type, which is no text and no date: `1024.0` is the
    integer 1024. None when such a field cannot hold it.
    """
    if type_ is FieldType.BOOLEAN:
        return _boolean(value)
    number = asked_number(value)
    if number is None:
        return None
    if type_ is FieldType.DOUBLE:
        try:
            return _double(number)
        except OverflowError:
            return None
    return number if isinstance(number, int) and SMALLEST <= number <= LARGEST else None


def asked_number(value: Any) -> int | float | None:
    """A caller's number; whole numbers stay exact, however they are written. None when it is none."""
    if isinstance(value, str):
        return _written_number(value)
    number = _integer(value)
    return number if number is not None else _double(value)


def asked_boolean(value: Any) -> bool | None:
    return _boolean(value)


def _written_number(text: str) -> int | float | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    if number.adjusted() < _DIGITS and number == number.to_integral_value():
        return int(number)
    return _double(text)


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value.strip()) else None


def _double(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        return None
    number = float(value)
    return number + 0.0 if math.isfinite(number) else None  # -0.0 is 0.0


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    lowered = str(value).strip().lower()
    return True if lowered in _TRUE else False if lowered in _FALSE else None
