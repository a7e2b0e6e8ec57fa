"""Names of fields that are most likely misspelt: nothing has them, and a field's name is a slip of the keyboard away.

A bare name that is no field is a property, so `stauts:active` would find nothing and say nothing. It is refused unless
a document that the caller finds has such a property; `properties.stauts` is never doubted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from catalog import query
from catalog.indexing.documents import declared
from catalog.query import Expression
from search import edit_distance
from search.caller_search import CallerSearch
from search.errors import UnknownField
from search.requests import Aggregation
from search.resolving import PROPERTIES, SCORE, resolve
from search.schema import Schema

MOST = 32
"""Names of one question that are looked at."""


def check(schema: Schema, question: CallerSearch, holds: Callable[[str], bool]) -> None:
    """UnknownField for a name that is misspelt; `holds` tells whether a document that is found has the property."""
    names = dict.fromkeys(name for name in _names(question) if name and name != SCORE)
    for name in list(names)[:MOST]:
        meant = nearest(schema, name)
        if meant is not None and not holds(name):
            raise UnknownField(
                f"there is no field {name}; {meant} may be meant (a property that is called so: {PROPERTIES}{name})",
                field=name,
            )


def nearest(schema: Schema, name: str) -> str | None:
    """The field or declared property that is meant by a name that is neither; None for a name that may well be one."""
    if name.startswith(PROPERTIES) or len(name) < edit_distance.SHORTEST:
        return None
    target = resolve(schema, name)
    if target.key is None or target.typing is not None or target.key in declared():
        return None
    hidden, hides = schema.hidden.fields, schema.hidden.hides
    fields = [one.name for one in schema.fields if not one.hidden and one.name not in hidden]
    known = [*fields, *(key for key in declared() if not hides(key))]
    if name in fields or name in hidden:
        return None
    return next((one for one in known if _slipped(name, one)), None)


def _slipped(name: str, known: str) -> bool:
    """Whether few letters are left out, added, changed or swapped; figures tell names apart."""
    most = edit_distance.most(known)
    if abs(len(name) - len(known)) > most or len(set(name) ^ set(known)) > 2 * most:
        return False
    if _without_figures(name) == _without_figures(known):
        return False
    return edit_distance.distance(name, known) <= most


def _without_figures(name: str) -> str:
    return "".join(character for character in name if not character.isdecimal())


def _names(question: CallerSearch) -> Iterator[str]:
    yield from _of_query(question.query)
    yield from (one.field for one in question.sorts)
    yield from _of_aggregations(question.aggregations)


def _of_aggregations(wanted: Mapping[str, Aggregation]) -> Iterator[str]:
    for one in wanted.values():
        yield one.field
        yield from _of_aggregations(getattr(one, "inner", {}))


def _of_query(one: Expression) -> Iterator[str]:
    match one:
        case query.Bool():
            yield from _of_all((*one.must, *one.filter, *one.should, *one.must_not))
        case query.Match() | query.Phrase() | query.Near():
            yield from one.fields
        case query.Everything() | query.Nothing():
            return
        case _:
            yield one.field


def _of_all(several: Iterable[Expression]) -> Iterator[str]:
    for one in several:
        yield from _of_query(one)
