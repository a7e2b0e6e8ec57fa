"""What a question opens of that which searches leave out unless it is asked for (`DocumentSource.opened_by`).

Either the request says so by a parameter, or the query compares a field with values where that must hold: on its
conjunctions, through `must` and `filter` however deep, never inside OR or NOT.
"""

from collections.abc import Mapping
from typing import Any

from catalog.indexing.documents import FieldType, sources
from catalog.query import Bool, Expression, Term
from search.errors import QueryRefused
from search.resolved_query import Combined, OneOf, ResolvedQuery
from search.schema import Schema

_CHOICES = {"true": "true", "all": "all", "false": "", True: "true", False: ""}


def parameters() -> list[str]:
    """The names that a request may say."""
    return sorted({name for source in sources().values() for name in source.opened_by})


def said(given: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that open something, each with `true` or `all`. QueryRefused."""
    found = {}
    for name in given.keys() & parameters():
        value = given[name]
        if not isinstance(value, bool | str) or value not in _CHOICES:
            raise QueryRefused(f"{name} must be true, false or all")
        if _CHOICES[value]:
            found[name] = _CHOICES[value]
    return found


def narrowed(schema: Schema, query: Expression, said: Mapping[str, str]) -> Expression:
    """The query as the parameters narrow it: `true` for a field that is true or false finds only those, `all` both."""
    only = tuple(
        Term(name, True)
        for name, value in said.items()
        if value == "true"
        and name in schema.by_name
        and schema.by_name[name].type is FieldType.BOOLEAN
    )
    return Bool(must=(query,), filter=only) if only else query


def compared(resolved: ResolvedQuery) -> frozenset[str]:
    """The fields that the query compares with values where that must hold."""
    match resolved:
        case OneOf(target):
            return frozenset({target.name})
        case Combined():
            return frozenset().union(*map(compared, (*resolved.must, *resolved.filter)))
        case _:
            return frozenset()
