"""A resolved query evaluated in Python over encoded documents, for what an engine is not asked about: which words are
marked, how values are ordered, and whether a pattern matches a word.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any

from typing_extensions import override

from catalog.indexing.documents import FieldType
from search import analysis, edit_distance
from search.encoding import Encoded, Value, exact
from search.resolved_query import (
    ANY_RUN,
    All,
    Between,
    Combined,
    Near,
    Never,
    OneOf,
    PrefixMatch,
    Present,
    ResolvedQuery,
    Sequence,
    WildcardMatch,
    Words,
    boost,
)
from search.resolving import Target


class Evaluated:
    """An encoded document, with its words at hand."""

    def __init__(self, encoded: Encoded, *, typing_sequence: int = 1) -> None:
        self.encoded = encoded
        self._sequence = typing_sequence
        self._words: dict[str, list[list[str]]] = {}

    @cached_property
    def _internal(self) -> Mapping[str, tuple[Value, ...]]:
        return {
            "property_keys": self.encoded.property_keys,
            "typing_sequence": (self._sequence,),
        }

    def values(self, target: Target) -> tuple[Value, ...]:
        """What the document holds of the target, as the index has it."""
        if target.key is not None:
            held = self.encoded.typed if target.typing is not None else self.encoded.properties
            return (held[target.key],) if target.key in held else ()
        if target.name in self._internal:
            return self._internal[target.name]
        name = target.field.name if target.field is not None else target.name
        found = self.encoded.fields.get(name, ())
        if target.raw:
            return tuple(value for value in found if exact(str(value)))
        return found

    def words(self, target: Target) -> list[list[str]]:
        """The words of each text of the field."""
        if target.name not in self._words:
            self._words[target.name] = [analysis.words(str(text)) for text in self.values(target)]
        return self._words[target.name]


def matches(resolved: ResolvedQuery, document: Evaluated) -> bool:
    """Whether the document is found."""
    match resolved:
        case All():
            return True
        case Never():
            return False
        case OneOf(target, wanted):
            return any(_same(v, w) for v in document.values(target) for w in wanted)
        case Between(target):
            return any(inside(resolved, value) for value in document.values(target))
        case Present(target):
            return bool(document.values(target))
        case PrefixMatch(target, start):
            return _some(document, target, lambda text: text.startswith(start))
        case WildcardMatch(target, parts):
            return _some(document, target, lambda text: looks(text, parts))
        case Near(target, value, most):
            return _some(document, target, lambda text: edit_distance.distance(text, value) <= most)
        case Words(target, words, every):
            held = {word for text in document.words(target) for word in text}
            return all(w in held for w in words) if every else any(w in held for w in words)
        case Sequence():
            return any(_in_sequence(resolved, text) for text in document.words(resolved.target))
        case Combined():
            return _combined(resolved, document)


def score(resolved: ResolvedQuery, document: Evaluated) -> float:
    """What a document that is found counts; 0 for one that is not."""
    if not matches(resolved, document):
        return 0.0
    match resolved:
        case Words(target, words):
            held = {word for text in document.words(target) for word in text}
            return boost(resolved) * len(held & set(words))
        case Combined():
            return sum(score(part, document) for part in (*resolved.must, *resolved.should))
        case _:
            return boost(resolved)


def looks(text: str, parts: tuple[Any, ...]) -> bool:
    """Whether the text is the pattern, from its beginning to its end."""
    return _pattern(parts).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _pattern(parts: tuple[Any, ...]) -> re.Pattern[str]:
    """Atomic groups: what a run has passed over is never tried again, so time grows with the text alone."""
    pieces = [""]
    for part in parts:
        if part is ANY_RUN:
            pieces.append("")
        else:
            pieces[-1] += re.escape(part) if isinstance(part, str) else "."
    first, *others = pieces
    if not others:
        return re.compile(first, re.DOTALL)
    *inner, last = others
    middle = "".join(f"(?>.*?{piece})" for piece in inner if piece)
    return re.compile(f"{first}{middle}.*{last}", re.DOTALL)


def order(target: Target, descending: bool) -> Callable[[Evaluated], tuple[bool, Any]]:
    """A sort key: by the smallest value, or the largest when descending; without one last."""

    def key(document: Evaluated) -> tuple[bool, Any]:
        found = [_comparable(value) for value in document.values(target)]
        if not found:
            return True, _Last()
        return False, (_Reversed(max(found)) if descending else min(found))

    return key


class _Last:
    """Equal to its like, so that the next key decides."""

    def __lt__(self, other: object) -> bool:
        return False

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Last)

    @override
    def __hash__(self) -> int:
        return 0


class _Reversed:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Reversed") -> bool:
        return bool(other.value < self.value)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and bool(other.value == self.value)

    @override
    def __hash__(self) -> int:
        return hash(self.value)


def _combined(resolved: Combined, document: Evaluated) -> bool:
    held = sum(1 for part in resolved.should if matches(part, document))
    return (
        all(matches(part, document) for part in (*resolved.must, *resolved.filter))
        and held >= resolved.minimum
        and not any(matches(part, document) for part in resolved.must_not)
    )


def _some(document: Evaluated, target: Target, test: Callable[[str], bool]) -> bool:
    texts: Iterable[str]
    if target.type is FieldType.TEXT:
        texts = (word for text in document.words(target) for word in text)
    else:
        texts = map(str, document.values(target))
    return any(test(text) for text in texts)


def _in_sequence(resolved: Sequence, text: list[str]) -> bool:
    wanted = list(resolved.words)
    return any(text[at : at + len(wanted)] == wanted for at in range(len(text) - len(wanted) + 1))


def inside(resolved: Between, value: Value) -> bool:
    """Whether the value lies within the bounds."""
    held = _comparable(value)
    if resolved.low is not None:
        low = _comparable(resolved.low)
        if held < low or (held == low and not resolved.with_low):
            return False
    if resolved.high is not None:
        high = _comparable(resolved.high)
        if held > high or (held == high and not resolved.with_high):
            return False
    return True


def _comparable(value: Value) -> Any:
    return value.encode() if isinstance(value, str) else value


def _same(one: Value, other: Value) -> bool:
    return type(one) is type(other) and one == other
