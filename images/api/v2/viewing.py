"""How much of images is shown: `fields` names the keys, `total=true` counts what all pages together hold, and
`deleted=true` lists what was deleted and can be restored.

None of them is Glance's; its clients send none.
"""

from typing import Any

from django.http import QueryDict

from catalog.errors import InvalidParameter
from catalog.query import Page
from images import schemas
from images.api.v2 import operators
from images.selectors import COUNTED

PARAMETERS = frozenset({"fields", "total", "deleted"})


def fields(query: QueryDict) -> frozenset[str] | None:
    """The keys that were asked for, the id always among them; None: all. InvalidParameter."""
    if "fields" not in query:
        return None
    names = {name.strip() for text in query.getlist("fields") for name in text.split(",")} - {""}
    if not names:
        raise InvalidParameter("fields names the keys to show: fields=id,name", parameter="fields")
    return frozenset(names | {"id"})


def only(wanted: frozenset[str] | None, document: dict[str, Any]) -> dict[str, Any]:
    """The document with the wanted keys; what an image does not have is left out, as it is everywhere."""
    if wanted is None:
        return document
    return {key: value for key, value in document.items() if key in wanted}


def of_properties(wanted: frozenset[str] | None) -> bool:
    """Whether free properties are shown among the wanted keys, or may be."""
    return wanted is None or not wanted <= schemas.BASE


def total_wanted(query: QueryDict) -> bool:
    return operators.boolean("total", query.get("total", "false"))


def one_name(query: QueryDict) -> str | None:
    """The only name that a list's first page asks for."""
    values = query.getlist("name")
    if len(values) != 1 or "marker" in query or operators.limit(query) == 0:
        return None
    names = operators.one_or_many("name", values[0])
    return names[0] if len(names) == 1 and names[0] else None


def deleted_wanted(query: QueryDict) -> bool:
    return operators.boolean("deleted", query.get("deleted", "false"))


def purge_wanted(query: QueryDict) -> bool:
    """Whether a deletion is to be for good at once."""
    return operators.boolean("purge", query.get("purge", "false"))


def total(count: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Keys of the body and headers. Beyond `COUNTED` nobody counts: the relation is then `gte`, not `eq`."""
    relation = "gte" if count > COUNTED else "eq"
    found = min(count, COUNTED)
    headers = {"X-Total-Count": str(found), "X-Total-Relation": relation}
    return {"total": found, "total_relation": relation}, headers


ORDERING = ("sort", "sort_key", "sort_dir", "visibility", "member_status", "total")


def page_of_deleted(query: QueryDict) -> Page:
    """Limit and marker. InvalidParameter for what is of other lists only."""
    for name in ORDERING:
        if name in query:
            raise InvalidParameter(
                f"{name} does not go with deleted=true: it lists the project's own, the newest deletion first",
                parameter=name,
            )
    return Page(operators.limit(query), query.get("marker"))
