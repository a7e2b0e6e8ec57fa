"""What people type into a search box: every word must be found somewhere; the last may still be unfinished."""

from typing import Literal

from catalog.query import Bool, Everything, Expression, Match, Phrase, any_of
from search import analysis
from search.errors import QueryRefused

MOST_WORDS = 32


def parse(text: str) -> Expression:
    """Everything, when nothing was typed."""
    return as_typed(text, (), "and") if text.strip() else Everything()


def as_typed(text: str, fields: tuple[str, ...], operator: Literal["and", "or"]) -> Expression:
    """The words of a text, each in any of the fields (none: where free text looks)."""
    parts = text.split()
    parts = [part for part in parts if analysis.words(part)] or parts
    if len(parts) > MOST_WORDS:
        raise QueryRefused(f"a text to search for has at most {MOST_WORDS} words")
    if not parts:
        return Everything()
    finished = tuple(Match(fields, part, "and") for part in parts[:-1])
    last = any_of(Match(fields, parts[-1], "and"), Phrase(fields, parts[-1], prefix=True))
    if operator == "and":
        return Bool(must=(*finished, last))
    return any_of(*finished, last)
