"""Reading parts of a request's JSON: every refusal names the key, and what stands outside the language is refused."""

from collections.abc import Collection, Mapping
from typing import Any

from catalog import schemas
from catalog.query import Scalar
from search.errors import QueryRefused

LONGEST_TEXT, LONGEST_VALUE = 4096, 16_384


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise QueryRefused(f"{where} must be an object")
    return value


def known(options: Mapping[str, Any], where: str, allowed: Collection[str]) -> None:
    """QueryRefused when `options` holds keys beyond `allowed`."""
    if beyond := sorted(options.keys() - set(allowed))[:10]:
        understood = f"; it understands {', '.join(sorted(allowed))}" if allowed else ""
        raise QueryRefused(f"{where} does not take {', '.join(beyond)} here{understood}")


def single(value: Any, where: str) -> tuple[str, Any]:
    """The one pair of an object."""
    options = mapping(value, where)
    if len(options) != 1:
        raise QueryRefused(f"{where} must be an object with one key, not {len(options)}")
    return next(iter(options.items()))


def scalar(value: Any, where: str) -> Scalar:
    if isinstance(value, str):
        return text(value, where, most=LONGEST_VALUE)
    if isinstance(value, bool | int | float):
        return value
    raise QueryRefused(f"{where} must be a text, a number or a boolean")


def text(value: Any, where: str, *, most: int = LONGEST_TEXT) -> str:
    if not isinstance(value, str):
        raise QueryRefused(f"{where} must be a text")
    if len(value) > most:
        raise QueryRefused(f"{where} is longer than {most} characters")
    return value


def words(value: Any, where: str) -> str:
    """A text to search for; numbers are taken as they are written."""
    found = scalar(value, where)
    return str(found).lower() if isinstance(found, bool) else str(found)


def whole(value: Any, where: str, *, least: int = 0, most: int = 2**31) -> int:
    found = schemas.whole(value)
    if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
        raise QueryRefused(f"{where} must be a whole number from {least} to {most}")
    return found


def boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise QueryRefused(f"{where} must be true or false")
    return value


def choice(value: Any, where: str, choices: Collection[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise QueryRefused(f"{where} must be one of {', '.join(sorted(choices))}")
    return value


def listed(value: Any, where: str, *, most: int) -> list[Any]:
    """A list, or one thing as a list of it."""
    found = value if isinstance(value, list) else [value]
    if len(found) > most:
        raise QueryRefused(f"{where} has more than {most} parts")
    return found
