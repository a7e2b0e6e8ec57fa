"""How long tantivy goes through the words of a field: it counts none of them, and cannot be stopped on the way.

Which words there are is not told by a question's form. So going through those that begin in some way is tried once, and
remembered while the index is of about that size.
"""

import time
from collections.abc import Iterable
from threading import Lock

import tantivy
from tantivy import Query, Searcher

from search.deadline import Deadline
from search.encoding import stem
from search.engines.embedded import regexps
from search.engines.embedded.layout import PAIRS, place
from search.query_cost import Walk, rounded

REMEMBERED = 4096
NOWHERE = "\x01\x01"
"""Ends no word."""
LETTERS = 3
"""Longer beginnings are taken for these."""


class Walking:
    """What was tried on one generation; safe from threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._size = 0
        self._seconds: dict[tuple[str, str], float] = {}

    def check(
        self,
        searcher: Searcher,
        schema: tantivy.Schema,
        walks: Iterable[Walk],
        passes: int,
        deadline: Deadline,
    ) -> None:
        """SearchOverdue when going through these, once in each pass, would use up what is left of the CPU's time."""
        seconds = 0.0
        for walk in walks:
            deadline.check()
            seconds += self._tried(searcher, schema, walk) * passes
            deadline.require(seconds)

    def _tried(self, searcher: Searcher, schema: tantivy.Schema, walk: Walk) -> float:
        name = place(walk.target)
        beginning = walk.beginning[:LETTERS]
        if name == PAIRS:
            beginning = stem(str(walk.target.key)) + beginning
        known = self._remembered(searcher.num_docs).get((name, beginning))
        if known is not None:
            return known
        expression = regexps.literal(beginning) + regexps.REST + regexps.literal(NOWHERE)
        began = time.thread_time()
        searcher.search(Query.regex_query(schema, name, expression), 1, count=False)
        found = time.thread_time() - began
        with self._lock:
            self._seconds[name, beginning] = found
        return found

    def _remembered(self, documents: int) -> dict[tuple[str, str], float]:
        with self._lock:
            if self._size != rounded(documents) or len(self._seconds) > REMEMBERED:
                self._size, self._seconds = rounded(documents), {}
            return self._seconds
