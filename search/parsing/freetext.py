"""Words that people type: every one must be found somewhere; the last may still be unfinished."""

import re
from collections.abc import Iterable

from catalog.query import Bool, Everything, Expression, Match, Phrase, Terms, any_of
from search import analysis
from search.errors import QueryRefused
from search.query_resolver import LONGEST_BEGINNING

MOST_WORDS = 32
_DIGEST = re.compile(r"[0-9a-fA-F]{32,128}")
"""From MD5 to SHA-512."""


def parse(text: str, *, digests: tuple[str, ...] = ()) -> Expression:
    """The words of a text, each in any of the fields that free text looks into; one that may be a digest as the whole
    value of `digests` too. Everything, when nothing was typed.
    """
    parts = text.split()
    parts = [part for part in parts if analysis.words(part)] or parts
    if len(parts) > MOST_WORDS:
        raise QueryRefused(f"a text to search for has at most {MOST_WORDS} words")
    if not parts:
        return Everything()
    finished = (_word(part, digests) for part in parts[:-1])
    return Bool(must=(*finished, _word(parts[-1], digests, unfinished=True)))


def _word(part: str, digests: tuple[str, ...], *, unfinished: bool = False) -> Expression:
    found: list[Expression] = [Match((), part, "and")]
    if unfinished and all(len(word) <= LONGEST_BEGINNING for word in analysis.words(part)):
        found.append(Phrase((), part, prefix=True))
    found += as_digests(part, digests)
    return any_of(*found) if len(found) > 1 else found[0]


def as_digests(word: str, fields: Iterable[str]) -> list[Expression]:
    """The word as the whole value of each field, if it may be a digest."""
    if not _DIGEST.fullmatch(word):
        return []
    return [Terms(name, (word, word.lower())) for name in fields]
