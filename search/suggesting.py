"""What may have been meant by a text that finds nothing: words near to its own, of documents that the actor finds."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from catalog.actors import Actor
from catalog.query import Expression, Match, Near
from search import analysis, edit_distance
from search.caller_search import CallerSearch
from search.errors import QueryRefused
from search.parsing import box, freetext, lucene
from search.parsing.lucene import Written
from search.requests import SearchResult
from search.resolving import PROPERTIES
from search.selectors import live_schema, search

MOST_WORDS, HITS = 4, 50
"""Words of a text that are doubted, and documents in which a near one is looked for."""
Ask = Callable[[Expression], CallerSearch]


def meant(actor: Actor, text: str, ask: Ask) -> str | None:
    """A text that finds something: this one with near words for those that nothing has, or else as a phrase, if it may
    have been no query at all; None when there is none. `ask` makes the whole question of the text's part.
    """
    candidates = []
    if (nearest := _corrected(actor, text, ask)) != text:
        candidates.append(nearest)
    if not box.is_words(text):
        candidates.append(lucene.quoted(text))
    return next((one for one in candidates if _finds(actor, one, ask)), None)


def _finds(actor: Actor, text: str, ask: Ask) -> bool:
    try:
        return _total(actor, ask(box.parse(live_schema(), text))) > 0
    except QueryRefused:
        return False


def _corrected(actor: Actor, text: str, ask: Ask) -> str:
    """From the last word to the first, so that the places of those before stay."""
    for one in reversed(lucene.written(text)[:MOST_WORDS]):
        better = _nearest(actor, one, ask)
        if better is not None:
            text = text[: one.start] + better + text[one.end :]
    return text


def _nearest(actor: Actor, one: Written, ask: Ask) -> str | None:
    """The nearest word, of several the most frequent; None when documents have the word itself, or nothing near it."""
    fields = () if one.field is None else (one.field,)
    itself = Match(fields, one.word) if fields else freetext.parse(one.word)
    try:
        if _total(actor, ask(itself)):
            return None
        found = _search(actor, ask(Near(fields, one.word)), HITS)
    except QueryRefused:
        return None
    word = one.word if fields else analysis.folded(one.word)
    near: Counter[str] = Counter()
    for hit in found.hits:
        near.update(set(_texts(hit.body, one.field)))
    far = edit_distance.most(word)
    reached = {
        text: edit_distance.distance(word, text)
        for text in near
        if abs(len(text) - len(word)) <= far
    }
    close = [text for text, distance in reached.items() if 0 < distance <= far]
    if not close:
        return None
    best = min(close, key=lambda text: (reached[text], -near[text], text))
    return lucene.as_word(best)


def _total(actor: Actor, question: CallerSearch) -> int:
    return _search(actor, question, 0).total


def _search(actor: Actor, question: CallerSearch, size: int) -> SearchResult:
    asked = replace(question, size=size, offset=0, sorts=(), aggregations={}, highlight=None)
    return search(actor, asked)


def _texts(body: Mapping[str, Any], field: str | None) -> Iterator[str]:
    """What a document that was found holds of a field: the words of a text, the whole value of everything else."""
    properties = body.get("properties") or {}
    if field is None:
        for text in (body.get("name"), body.get("description"), *properties, *properties.values()):
            yield from analysis.words(str(text or ""))
        yield from body.get("tags") or ()
        return
    held = body.get(field, properties.get(field.removeprefix(PROPERTIES)))
    for value in held if isinstance(held, list) else [held]:
        if isinstance(value, str):
            yield value
            yield from analysis.words(value)
