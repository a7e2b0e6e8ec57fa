"""Rights are part of every query, so totals, counts and marked words never tell of what the caller may not find."""

from collections.abc import Sequence
from dataclasses import replace

from catalog.actors import Actor
from catalog.indexing.documents import sources
from catalog.query import Bool, Expression, Term, any_of


def visible(
    actor: Actor,
    types: Sequence[str],
    *,
    opened: frozenset[str] = frozenset(),
    all_projects: bool = False,
) -> Expression:
    """What of these types the actor finds. `all_projects` lets an administrator find what administrators list, instead
    of what its project does; for others it does nothing. `opened`: parameters and fields (`DocumentSource.opened_by`).
    """
    seeing = actor if all_projects else replace(actor, is_admin=False)
    return any_of(*(_of_type(one, seeing, opened) for one in types))


def _of_type(resource_type: str, actor: Actor, opened: frozenset[str]) -> Expression:
    source = sources()[resource_type]
    closed = [
        documents
        for name, documents in source.unlisted(actor).items()
        if not opened & {name, *source.opened_by.get(name, ())}
    ]
    kind = Term("resource_type", resource_type)
    return Bool(filter=(kind, source.rights(actor)), must_not=tuple(closed))
