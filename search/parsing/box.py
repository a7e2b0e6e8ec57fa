"""The box of a page: words, or the language of query strings as soon as something of it is typed."""

from catalog.query import Expression
from search.parsing import freetext, lucene, querystring
from search.parsing.lucene import Words
from search.schema import Schema


def parse(schema: Schema, text: str, *, digests: tuple[str, ...] = ()) -> Expression:
    """What `freetext` makes of words alone, and `querystring` of everything else. QueryRefused."""
    if is_words(text):
        return freetext.parse(text, digests=digests)
    return querystring.parse(schema, text, digests=digests)


def is_words(text: str) -> bool:
    """Whether the text is nothing but words: no operator, field, phrase, pattern or escape. QueryRefused for one that
    cannot be read.
    """
    if not text.strip():
        return True
    return "\\" not in text and all(
        isinstance(one.node, Words) and not one.joined and not one.sign and one.field is None
        for one in lucene.parse(text).clauses
    )
