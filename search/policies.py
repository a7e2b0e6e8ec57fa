"""Who may search what: Searchlight's rule names; rows are hidden by `rights`, not here."""

from collections.abc import Iterable, Sequence

from oslo_policy import policy as oslo

from catalog import policy
from catalog.actors import Actor
from catalog.errors import Forbidden
from catalog.indexing.documents import sources

QUERY, AGGREGATIONS = "search:query", "search:query:aggregations"
PLUGINS, FACETS = "search:plugins_info", "search:facets"


class SearchForbidden(Forbidden):
    """A rule of the operator's refuses it."""

    code = "search_forbidden"


def defaults(types: Iterable[str]) -> list[oslo.RuleDefault]:
    """Every rule; everybody whose token is known may search, and finds what the rights let through."""
    names = [QUERY, AGGREGATIONS, PLUGINS, FACETS, *(f"resource:{one}" for one in sorted(types))]
    return [oslo.RuleDefault(name, "@") for name in names]


def require(actor: Actor, rule: str) -> None:
    if not policy.enforce(actor, rule, _target(actor)):
        raise SearchForbidden(f"the policy {rule} does not allow it", rule=rule)


def searchable(actor: Actor, wanted: Sequence[str] = ()) -> list[str]:
    """The types, of those wanted, that the actor may search; SearchForbidden when none is left."""
    known = policy.registered()
    asked = sorted(wanted or sources())
    allowed = [
        one
        for one in asked
        if f"resource:{one}" not in known
        or policy.enforce(actor, f"resource:{one}", _target(actor))
    ]
    if asked and not allowed:
        raise SearchForbidden(f"you may not search {', '.join(asked)}", types=asked)
    return allowed


def _target(actor: Actor) -> dict[str, str | None]:
    return {"project_id": actor.project_id, "user_id": actor.user_id}
