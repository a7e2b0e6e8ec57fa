"""Values of list parameters: `in:` lists with quotes, comparison prefixes, times, booleans, integers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from catalog.conf import CatalogConfig, section
from catalog.errors import InvalidParameter

COMPARISONS = frozenset({"gt", "gte", "lt", "lte", "eq", "neq"})
LATEST = datetime.max.replace(tzinfo=UTC)
LARGEST = 2**63 - 1
SECOND = timedelta(seconds=1)


def one_or_many(name: str, value: str) -> list[str]:
    """`debian` and `eq:debian` → [debian]; `in:a,"b,c"` → [a, 'b,c']. Any other text before a colon is of the value."""
    operator, colon, rest = value.partition(":")
    if not colon or operator not in {"eq", "in"}:
        return [value]
    return [rest] if operator == "eq" else split_quoted(name, rest)


def one_or_many_words(name: str, value: str) -> list[str]:
    """The same of words that hold no colon: InvalidParameter for a comparison, which none of them is."""
    operator, colon, _ = value.partition(":")
    if colon and operator in COMPARISONS - {"eq"}:
        raise InvalidParameter(
            f"{name}: the operators here are 'eq:' and 'in:', not {operator!r}", parameter=name
        )
    return one_or_many(name, value)


def split_quoted(name: str, text: str) -> list[str]:
    r"""Comma-separated values; one that holds a comma stands in double quotes, `\"` is a quote inside."""
    values: list[str] = []
    position = 0
    while True:
        if text[position : position + 1] == '"':
            value, position = _quoted(name, text, position + 1)
        else:
            end = text.find(",", position)
            end = len(text) if end < 0 else end
            value, position = text[position:end], end
            if '"' in value:
                raise InvalidParameter(
                    f"{name}: a quote inside an unquoted value: {value!r}", parameter=name
                )
        values.append(value)
        if position >= len(text):
            return values
        if text[position] != ",":
            raise InvalidParameter(f"{name}: a comma must follow a quoted value", parameter=name)
        position += 1


def _quoted(name: str, text: str, position: int) -> tuple[str, int]:
    found: list[str] = []
    while position < len(text):
        if text[position] == "\\" and text[position + 1 : position + 2] in {'"', "\\"}:
            found.append(text[position + 1])
            position += 2
        elif text[position] == '"':
            return "".join(found), position + 1
        else:
            found.append(text[position])
            position += 1
    raise InvalidParameter(f"{name}: a quote is not closed", parameter=name)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`first` and `last` are the first and the last moment that the text means: a time without a fraction is the
    whole second, as images show it.
    """

    operator: str
    first: datetime
    last: datetime

    def on(self, column: str) -> Q:
        """The comparison of a column that holds microseconds."""
        match self.operator:
            case "gt":
                return Q(**{f"{column}__gt": self.last})
            case "gte":
                return Q(**{f"{column}__gte": self.first})
            case "lt":
                return Q(**{f"{column}__lt": self.first})
            case "lte":
                return Q(**{f"{column}__lte": self.last})
        within = Q(**{f"{column}__gte": self.first, f"{column}__lte": self.last})
        return ~within if self.operator == "neq" else within


def comparison(name: str, value: str) -> Comparison:
    """`gte:2026-01-02T03:04:05Z`; without an operator: eq."""
    operator, _, rest = value.partition(":")
    operator, text = (operator, rest) if operator in COMPARISONS else ("eq", value)
    first = moment(name, text)
    if "." in text or "," in text or first.microsecond:
        return Comparison(operator, first, first)
    last = LATEST if first > LATEST - SECOND else first + SECOND - timedelta.resolution
    return Comparison(operator, first, last)


def moment(name: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(
            text.strip().replace(" ", "+") if "T" in text else text.strip()
        )
    except ValueError:
        raise InvalidParameter(
            f"{name}: {text!r} is not an ISO 8601 time", parameter=name
        ) from None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        raise InvalidParameter(f"{name}: {text!r} is out of range", parameter=name) from None


def integer(name: str, text: str, *, least: int = -LARGEST) -> int:
    """A decimal integer that a database can hold."""
    digits = text.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or (least == 0 and text.startswith("-")):
        raise InvalidParameter(
            f"{name}: {text!r} is not an integer{' of at least 0' if least == 0 else ''}",
            parameter=name,
        )
    if len(digits) > 19 or not least <= int(text) <= LARGEST:
        raise InvalidParameter(f"{name}: {text!r} is out of range", parameter=name)
    return int(text)


def limit(query: Mapping[str, str]) -> int:
    """How long a page is to be; longer wishes are cut."""
    config = section(CatalogConfig)
    text = query.get("limit", str(config.page_size))
    if len(text) > 18 and text.isascii() and text.isdigit():
        return config.page_limit
    return min(integer("limit", text, least=0), config.page_limit)


def boolean(name: str, text: str, *, any_case: bool = False) -> bool:
    value = text.lower() if any_case else text
    if value not in {"true", "false"}:
        raise InvalidParameter(f"{name}: must be true or false, not {text!r}", parameter=name)
    return value == "true"


def require_text(name: str, values: Iterable[str]) -> None:
    """InvalidParameter for characters that no database stores."""
    for text in (name, *values):
        if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise InvalidParameter(
                f"parameter {name!r} holds characters that are no text", parameter=name
            )
