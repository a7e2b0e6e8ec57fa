"""Words in sequence, the last of which may be unfinished."""

from search import analysis
from search.resolved_query import Never, PrefixMatch, ResolvedQuery, Sequence, Words, both
from search.resolving import Target


def whole(target: Target, words: tuple[str, ...]) -> ResolvedQuery:
    """A text has these words one after the other."""
    if len(words) < 2:
        return Words(target, words, every=True) if words else Never()
    return Sequence(target, words)


def unfinished(target: Target, words: tuple[str, ...]) -> ResolvedQuery:
    """The same, and the last word may go on: then it may be any word of the field.

    Engines that compare its place would do so for every word that begins with it. That is without bound, and a bound
    would lose documents by the words that others hold.
    """
    if len(words) < 2:
        return PrefixMatch(target, words[0]) if words else Never()
    if not analysis.goes_on(words[-1]):
        return whole(target, words)
    return both(whole(target, words[:-1]), PrefixMatch(target, words[-1]))
