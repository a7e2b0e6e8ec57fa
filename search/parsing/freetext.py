"""What people type into a search box: every word must be found somewhere; the last may still be unfinished."""

from catalog.query import Bool, Everything, Expression, Match, Phrase, any_of
from search import analysis
from search.errors import QueryRefused

MOST_WORDS = 32


def parse(text: str) -> Expression:
    """The words of a text, each in any of the fields that free text looks into. Everything, when nothing was typed."""
    parts = text.split()
    parts = [part for part in parts if analysis.words(part)] or parts
    if len(parts) > MOST_WORDS:
        raise QueryRefused(f"a text to search for has at most {MOST_WORDS} words")
    if not parts:
        return Everything()
    finished = tuple(Match((), part, "and") for part in parts[:-1])
    last = any_of(Match((), parts[-1], "and"), Phrase((), parts[-1], prefix=True))
    return Bool(must=(*finished, last))
