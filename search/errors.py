"""Errors of search.

::

    Invalid
    └── QueryRefused           outside the language, out of bounds, or of the wrong type   (400)
        └── UnknownField         a field that is not there, or that callers may not name    (400)
    Conflict
    └── RebuildRunning         another process is building the index anew                  (409)
    Unavailable
    └── EngineUnavailable      the engine does not answer                                  (503)
        └── IndexMissing         it answers and has no index yet                            (503)
"""

from catalog.errors import Conflict, Invalid, Unavailable


class QueryRefused(Invalid):
    code = "query_refused"


class UnknownField(QueryRefused):
    code = "unknown_field"


class RebuildRunning(Conflict):
    code = "rebuild_running"


class EngineUnavailable(Unavailable):
    code = "search_unavailable"


class IndexMissing(EngineUnavailable):
    code = "search_index_missing"
