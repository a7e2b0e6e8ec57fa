"""Rights are part of every query, so totals, counts and marked words never tell of what the caller may not find."""

from collections.abc import Sequence

from catalog.actors import Actor
from catalog.indexing.documents import sources
from catalog.query import Expression, Term, all_of, any_of


def visible(actor: Actor, types: Sequence[str], *, all_projects: bool = False) -> Expression:
    """What of these types the actor may find; `all_projects` lifts the bounds for admins, and for nobody else."""
    lifted = all_projects and actor.is_admin
    parts = []
    for one in types:
        kind = Term("resource_type", one)
        parts.append(kind if lifted else all_of(kind, sources()[one].rights(actor)))
    return any_of(*parts)
