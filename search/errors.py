"""Errors of search.

::

    Invalid
    └── QueryRefused           outside the language, out of bounds, or of the wrong type   (400)
        ├── UnknownField         a field that is not there, or that callers may not name    (400)
        └── QueryTooCostly       more work than one question may make                       (400)
    Conflict
    └── RebuildRunning         another process is building the index anew                  (409)
    Unavailable
    ├── SearchOverdue          it took longer than a search may                            (503)
    ├── TooManySearches        as many are under way as may be                             (503)
    └── EngineUnavailable      the engine does not answer                                  (503)
        ├── IndexMissing         it answers and has no index yet                            (503)
        └── IndexNameTaken       another's index lies where ours should be                  (503)
"""

from typing import Any, Self

from typing_extensions import override

from catalog.errors import Conflict, Invalid, Unavailable

RETRY = {"Retry-After": "5"}
"""Who asks an engine that is away had better come again after this."""
SOON = {"Retry-After": "1"}


class QueryRefused(Invalid):
    code = "query_refused"
    unfit = False
    """Whether it is this field that cannot hold what is asked; another one may."""
    at: int | None = None
    """Where a query string cannot be read, in characters; None for what can be read and not be asked."""

    @classmethod
    def unreadable(cls, message: str, at: int) -> Self:
        refused = cls(message)
        refused.at = at
        return refused

    @classmethod
    def of_field(cls, message: str, field: str) -> Self:
        refused = cls(message, field=field)
        refused.unfit = True
        return refused


class UnknownField(QueryRefused):
    code = "unknown_field"


class QueryTooCostly(QueryRefused):
    """`part` names what of the question is too much."""

    code = "query_too_costly"

    def __init__(self, message: str, *, part: str, **facts: Any) -> None:
        super().__init__(message, part=part, **facts)


class RebuildRunning(Conflict):
    code = "rebuild_running"


class SearchOverdue(Unavailable):
    code = "search_overdue"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message, **({"headers": RETRY} | facts))


class TooManySearches(Unavailable):
    code = "too_many_searches"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message, **({"headers": SOON} | facts))


class EngineUnavailable(Unavailable):
    code = "search_unavailable"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message, **({"headers": RETRY} | facts))

    @property
    def for_operators(self) -> str:
        """What commands, the log and `/healthz/ready` say."""
        return self.message


class IndexMissing(EngineUnavailable):
    code = "search_index_missing"


class IndexNameTaken(EngineUnavailable):
    """Something else lies where the index should; callers are not told what."""

    code = "search_name_taken"

    def __init__(self, found: str, *, remedy: str) -> None:
        super().__init__("something else lies at the name of the search index")
        self._found = f"{found}: {remedy}, or choose another VITRINE_SEARCH_INDEX_PREFIX"

    @property
    @override
    def for_operators(self) -> str:
        return self._found
