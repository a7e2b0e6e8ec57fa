"""Marking the words that were found, in the body as the caller may see it; the same for every engine."""

import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from catalog.indexing.documents import FieldType
from search import analysis, values
from search.caller_search import Highlight
from search.deadline import UNBOUNDED, Deadline
from search.encoding import term
from search.errors import QueryRefused
from search.evaluation import looks
from search.resolved_query import (
    Combined,
    OneOf,
    PrefixMatch,
    ResolvedQuery,
    Sequence,
    WildcardMatch,
    Words,
)
from search.resolving import PROPERTIES, resolve
from search.schema import Schema

MOST_HITS = 1000


@dataclass(slots=True)
class Wanted:
    """What was asked for: whole values, words, beginnings and patterns."""

    exact: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    starts: set[str] = field(default_factory=set)
    patterns: list[tuple[Any, ...]] = field(default_factory=list)

    def word(self, word: str) -> bool:
        return (
            word in self.words
            or any(word.startswith(start) for start in self.starts)
            or any(looks(word, pattern) for pattern in self.patterns)
        )

    def whole(self, text: str) -> bool:
        """Of a keyword; beginnings and patterns look at a text's words."""
        return any(text.startswith(start) for start in self.starts) or any(
            looks(text, pattern) for pattern in self.patterns
        )


def check(schema: Schema, asked: Highlight, size: int) -> None:
    """UnknownField when a hidden field is named; QueryRefused when marking so many hits would take too long."""
    if size > MOST_HITS:
        raise QueryRefused(f"at most {MOST_HITS} hits can have their words marked; ask for fewer")
    for name in asked.fields:
        if "*" not in name and "?" not in name:
            resolve(schema, name)


def highlights(
    schema: Schema,
    resolved: ResolvedQuery,
    body: Mapping[str, Any],
    asked: Highlight,
    deadline: Deadline = UNBOUNDED,
) -> dict[str, list[str]]:
    """Fragments with marks, by field; hidden fields are never among them."""
    by_field: dict[str, Wanted] = {}
    _collect(resolved, by_field)
    everything = _merged(by_field.values())
    found: dict[str, list[str]] = {}
    for name, type_, text in _texts(schema, body):
        if not any(fnmatchcase(name, pattern) for pattern in asked.fields):
            continue
        deadline.check()
        wanted = everything if asked.any_field else by_field.get(name, Wanted())
        if fragments := _fragments(text, type_, wanted, asked):
            kept = [*found.get(name, []), *fragments]
            found[name] = kept[: asked.fragments] if asked.fragments else kept
    return found


def _collect(resolved: ResolvedQuery, found: dict[str, Wanted]) -> None:
    """What a query looks for, by the name of the field as the caller knows it."""
    match resolved:
        case Combined():
            for part in (*resolved.must, *resolved.filter, *resolved.should):
                _collect(part, found)
        case Words(target, words) | Sequence(target, words):
            found.setdefault(target.name, Wanted()).words.update(words)
        case PrefixMatch(target, start):
            found.setdefault(target.name, Wanted()).starts.add(start)
        case WildcardMatch(target, parts):
            found.setdefault(target.name, Wanted()).patterns.append(parts)
        case OneOf(target, several):
            name = target.name.removesuffix(".raw") if target.raw else target.name
            found.setdefault(name, Wanted()).exact.update(map(values.text, several))
        case _:
            return


def _merged(several: Iterable[Wanted]) -> Wanted:
    merged = Wanted()
    for one in several:
        merged.exact |= one.exact
        merged.words |= one.words
        merged.starts |= one.starts
        merged.patterns += one.patterns
    return merged


def _texts(schema: Schema, body: Mapping[str, Any]) -> Iterator[tuple[str, FieldType, str]]:
    for one in schema.fields:
        if one.hidden or one.type not in {FieldType.TEXT, FieldType.KEYWORD}:
            continue
        held = body.get(one.name)
        for value in held if isinstance(held, list) else [held]:
            if isinstance(value, str):
                yield one.name, one.type, value
    properties = body.get("properties")
    if isinstance(properties, Mapping):
        for key, value in properties.items():
            if isinstance(value, str):
                yield f"{PROPERTIES}{key}", FieldType.TEXT, value


def _fragments(text: str, type_: FieldType, wanted: Wanted, asked: Highlight) -> list[str]:
    whole = term(text) in wanted.exact or (type_ is FieldType.KEYWORD and wanted.whole(text))
    if whole:
        return [_marked(text, [(0, len(text))], asked)] if text else []
    if type_ is FieldType.KEYWORD:
        return []
    places = [(w.start, w.end) for w in analysis.placed_words(text) if wanted.word(w.text)]
    if not places:
        return []
    if not asked.fragments:
        return [_marked(text, places, asked)]
    return [
        _marked(text[start:end], [(a - start, b - start) for a, b in inside], asked)
        for start, end, inside in _windows(text, places, asked.size)
    ][: asked.fragments]


def _windows(
    text: str, places: list[tuple[int, int]], size: int
) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Pieces of about `size` characters, cut at spaces, around the places."""
    while places:
        first = places[0][0]
        start = max(0, first - size // 3)
        if start:
            space = text.find(" ", start, first)
            start = space + 1 if space >= 0 else start
        end = max(min(len(text), start + size), places[0][1])
        if end < len(text):
            space = text.rfind(" ", places[0][1], end)
            end = space if space >= 0 else end
        inside = [place for place in places if place[1] <= end]
        yield start, end, inside
        places = places[len(inside) :]


def _marked(text: str, places: list[tuple[int, int]], asked: Highlight) -> str:
    def written(part: str) -> str:
        return html.escape(part) if asked.escape else part

    pieces, at = [], 0
    for start, end in places:
        pieces += [written(text[at:start]), asked.before, written(text[start:end]), asked.after]
        at = end
    return "".join([*pieces, written(text[at:])])
