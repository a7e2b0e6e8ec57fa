"""Reading what Keystone answers: a reader says which shape it needs, and any other shape is `Malformed`.

Only `Connection` calls the readers, so it alone decides what a malformed answer leads to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

LONGEST_ID, LONGEST_TEXT = 64, 255
"""Characters, as Keystone's own tables have them: what is longer could not be stored here either."""
_MISSING = object()
T = TypeVar("T")
U = TypeVar("U")


class Malformed(Exception):
    """An answer is not of the shape that Keystone's API promises; says where, and never what stood there."""


@dataclass(frozen=True, slots=True)
class Part:
    """A value inside an answer, and its path there. Every method raises Malformed for a value of another shape."""

    value: object
    path: str = ""

    def member(self, name: str) -> "Part":
        found = self.members().get(name, _MISSING)
        if found is _MISSING:
            raise Malformed(f"{self._name} has no {name!r}")
        return Part(found, f"{self.path}.{name}".lstrip("."))

    def optional(self, name: str, read: Callable[["Part"], T], default: U) -> T | U:
        """What `read` makes of the member; the default when there is none."""
        return read(self.member(name)) if name in self.members() else default

    def members(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            raise self._not("an object")
        return self.value

    def items(self) -> list["Part"]:
        if not isinstance(self.value, list):
            raise self._not("a list")
        return [Part(one, f"{self.path}[{number}]") for number, one in enumerate(self.value)]

    def text(self, longest: int = LONGEST_TEXT) -> str:
        """Text that can be stored, shown and sent: not empty, not too long, no NUL, no half of a surrogate pair."""
        if not isinstance(self.value, str) or not 0 < len(self.value) <= longest:
            raise self._not(f"a text of 1 to {longest} characters")
        if "\x00" in self.value or any("\ud800" <= one <= "\udfff" for one in self.value):
            raise self._not("text in Unicode")
        return self.value

    def identifier(self) -> str:
        return self.text(LONGEST_ID)

    def nullable(self, read: Callable[["Part"], T]) -> T | None:
        return None if self.value is None else read(self)

    def number(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self._not("a whole number")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self._not("true or false")
        return self.value

    def time(self) -> datetime:
        """A moment in ISO 8601; UTC when it names no zone."""
        try:
            found = datetime.fromisoformat(self.text())
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise self._not("a moment in ISO 8601") from None

    @property
    def _name(self) -> str:
        return self.path or "the answer"

    def _not(self, wanted: str) -> Malformed:
        return Malformed(f"{self._name} is not {wanted}")
