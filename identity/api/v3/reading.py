"""Reading JSON objects member by member; messages name the place and never repeat a value, which may be secret."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.errors import InvalidBody, at_most

LONGEST = 65535
AT_ONCE = 1000
"""Members of a list."""
READ_ONLY = frozenset({"id", "links"})


@dataclass(frozen=True, slots=True)
class Reader:
    """An object of the body and the path to it, `auth.identity.password`."""

    document: dict[str, Any]
    path: str = ""

    def __contains__(self, name: str) -> bool:
        return name in self.document

    def object(self, name: str) -> "Reader":
        """A member that must be there and be an object."""
        value = self._required(name)
        if not isinstance(value, dict):
            raise InvalidBody(f"{self._at(name)} must be an object", attribute=self._at(name))
        return Reader(value, self._at(name))

    def text(self, name: str, *, longest: int = 255, empty: bool = False) -> str:
        """A member that must be text; blank only with `empty`."""
        value = self._required(name)
        if not isinstance(value, str):
            raise InvalidBody(f"{self._at(name)} must be text", attribute=self._at(name))
        if len(value) > longest:
            raise InvalidBody(
                f"{self._at(name)} must not have more than {longest} characters",
                attribute=self._at(name),
            )
        if not empty and not value.strip():
            raise InvalidBody(f"{self._at(name)} must not be blank", attribute=self._at(name))
        return value

    def optional_text(self, name: str, *, longest: int = 255) -> str | None:
        """Text, or None when the member is absent or null."""
        if self.document.get(name) is None:
            return None
        return self.text(name, longest=longest)

    def long_text(self, name: str) -> str:
        """Text of any length; null is empty."""
        if self.document.get(name) is None:
            return ""
        return self.text(name, longest=LONGEST, empty=True)

    def flag(self, name: str) -> bool:
        value = self._required(name)
        if not isinstance(value, bool):
            raise InvalidBody(f"{self._at(name)} must be true or false", attribute=self._at(name))
        return value

    def texts(self, name: str, *, empty: bool = False) -> list[str]:
        """A list of text; without any only with `empty`."""
        value = self._required(name)
        found = value if isinstance(value, list) else None
        at_most(AT_ONCE, len(found or ()), self._at(name))
        if found is None or not (found or empty) or not all(isinstance(v, str) for v in found):
            raise InvalidBody(f"{self._at(name)} must be a list of text", attribute=self._at(name))
        return found

    def objects(self, name: str) -> list["Reader"]:
        """A list of objects; none when the member is absent or null."""
        value = self.document.get(name)
        if value is None:
            return []
        at_most(AT_ONCE, len(value) if isinstance(value, list) else 0, self._at(name))
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise InvalidBody(
                f"{self._at(name)} must be a list of objects", attribute=self._at(name)
            )
        return [Reader(one, f"{self._at(name)}[{place}]") for place, one in enumerate(value)]

    def others(self, known: Iterable[str]) -> dict[str, Any]:
        """What a client keeps beside the members that are known; Keystone keeps it too."""
        names = self.document.keys() - set(known) - READ_ONLY
        found = {name: self.document[name] for name in names}
        if len(orjson.dumps(found)) > LONGEST:
            raise InvalidBody(
                f"{self.path} has further members of more than {LONGEST} bytes", attribute=self.path
            )
        return found

    def must_be_empty(self, *names: str) -> None:
        """Members that nothing here serves: null, false, {} and [] pass, and objects of nothing but these."""
        for name in names:
            value = self.document.get(name)
            if any(value.values()) if isinstance(value, dict) else value:
                raise InvalidBody(f"{self._at(name)} is not supported", attribute=self._at(name))

    def only(self, known: Iterable[str]) -> None:
        """InvalidBody for a member that is not `known`."""
        for name in self.document.keys() - set(known):
            raise InvalidBody(f"{self._at(name[:255])} is not known here", attribute=name[:255])

    def _required(self, name: str) -> Any:
        if name not in self.document:
            raise InvalidBody(
                f"Expecting to find {name} in {self.path or 'the request body'}.",
                attribute=self._at(name),
            )
        return self.document[name]

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name
