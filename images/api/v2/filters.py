"""Parameters of `GET /v2/images`: declared as a FilterSet; a name that is not declared is a free property's."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.http import QueryDict

from artifacts.models import Artifact
from artifacts.properties import property_equals
from artifacts.selectors import Scope
from artifacts.sorting import KEYS
from catalog.conf import CatalogConfig, section
from catalog.errors import InvalidParameter
from catalog.query import Page, Sort
from images.api.v2 import operators

Rows = QuerySet[Artifact]
PAGING = frozenset({"limit", "marker", "sort", "sort_key", "sort_dir"})
SCOPE = frozenset({"visibility", "member_status"})
VISIBILITIES = ("public", "private", "shared", "community", "all")
MEMBER_STATUSES = ("pending", "accepted", "rejected", "all")
NUMBERS = ("size", "min_ram", "min_disk")


class _Parameter(django_filters.Filter):
    """A filter that reads the parameter's raw text, every repetition of it."""

    def __init__(self, apply: Callable[[Rows, str, str], Rows]) -> None:
        super().__init__()
        self._apply = apply

    def narrow(self, rows: Rows, name: str, values: list[str]) -> Rows:
        for value in values:
            rows = self._apply(rows, name, value)
        return rows


def _text(column: str) -> Callable[[Rows, str, str], Rows]:
    def apply(rows: Rows, name: str, value: str) -> Rows:
        values = operators.one_or_many(name, value)
        return rows.filter(
            **({column: values[0]} if len(values) == 1 else {f"{column}__in": values})
        )

    return apply


def _equal(column: str) -> Callable[[Rows, str, str], Rows]:
    return lambda rows, _, value: rows.filter(**{column: value})


def _number(lookup: str) -> Callable[[Rows, str, str], Rows]:
    return lambda rows, name, value: rows.filter(**{lookup: operators.integer(name, value)})


def _time(column: str) -> Callable[[Rows, str, str], Rows]:
    def apply(rows: Rows, name: str, value: str) -> Rows:
        operator, moment = operators.comparison(name, value)
        condition = Q(**{f"{column}{operators.COMPARISONS[operator]}": moment})
        return rows.filter(~condition if operator == "neq" else condition)

    return apply


def _protected(rows: Rows, name: str, value: str) -> Rows:
    return rows.filter(protected=operators.boolean(name, value))


def _tag(rows: Rows, _: str, value: str) -> Rows:
    return rows.filter(tags__value=value)


def _removed(rows: Rows, name: str, value: str) -> Rows:
    del rows, value
    raise InvalidParameter(f"{name} is no longer a parameter; use updated_at=gte:…", parameter=name)


class ImageFilters(django_filters.FilterSet):
    """Filters of the image list; all of them must hold."""

    id = _Parameter(_text("id"))
    name = _Parameter(_text("name"))
    status = _Parameter(_text("status"))
    container_format = _Parameter(_text("container_format"))
    disk_format = _Parameter(_text("disk_format"))
    owner = _Parameter(_equal("project_id"))
    checksum = _Parameter(_equal("fields__checksum"))
    os_hash_algo = _Parameter(_equal("fields__os_hash_algo"))
    os_hash_value = _Parameter(_equal("fields__os_hash_value"))
    created_at = _Parameter(_time("created_at"))
    updated_at = _Parameter(_time("updated_at"))
    protected = _Parameter(_protected)
    tag = _Parameter(_tag)
    size = _Parameter(_number("size"))
    size_min = _Parameter(_number("size__gte"))
    size_max = _Parameter(_number("size__lte"))
    min_ram = _Parameter(_number("min_ram"))
    min_ram_min = _Parameter(_number("min_ram__gte"))
    min_ram_max = _Parameter(_number("min_ram__lte"))
    min_disk = _Parameter(_number("min_disk"))
    min_disk_min = _Parameter(_number("min_disk__gte"))
    min_disk_max = _Parameter(_number("min_disk__lte"))


_DECLARED: dict[str, Any] = dict(ImageFilters.base_filters)
_DECLARED["changes-since"] = _Parameter(_removed)


def filtered(query: QueryDict) -> Rows:
    """The rows that the parameters describe, without regard to who asks."""
    hidden = operators.boolean("os_hidden", query.get("os_hidden", "false"), any_case=True)
    rows = Artifact.objects.filter(hidden=hidden)
    for name, values in query.lists():
        if name in PAGING or name in SCOPE or name == "os_hidden":
            continue
        _storable(name, values)
        known = _DECLARED.get(name)
        if known is not None:
            rows = known.narrow(rows, name, values)
        elif name.endswith(("_min", "_max")):
            raise InvalidParameter(
                f"{name}: only {', '.join(NUMBERS)} can be compared", parameter=name
            )
        else:
            for value in values:
                rows = rows.filter(property_equals(name, value))
    return rows


def scope(query: QueryDict) -> Scope:
    """Which part of what the caller may see is asked for."""
    visibility = query.get("visibility")
    if visibility is not None and visibility not in VISIBILITIES:
        raise InvalidParameter(
            f"visibility must be one of {', '.join(VISIBILITIES)}", parameter="visibility"
        )
    status = query.get("member_status", "accepted")
    if status not in MEMBER_STATUSES:
        raise InvalidParameter(
            f"member_status must be one of {', '.join(MEMBER_STATUSES)}", parameter="member_status"
        )
    return Scope(visibility=visibility, member_status=status)  # type: ignore[arg-type]  # checked above


def page(query: QueryDict) -> Page:
    """Limit, marker and order."""
    config = section(CatalogConfig)
    limit = operators.integer("limit", query.get("limit", str(config.page_size)), least=0)
    return Page(min(limit, config.page_limit), query.get("marker"), sorts(query))


def sorts(query: QueryDict) -> tuple[Sort, ...]:
    """Both syntaxes: `sort=name:asc,size` and repeated `sort_key`, `sort_dir`; without either, newest first."""
    keys, directions = query.getlist("sort_key"), query.getlist("sort_dir")
    if "sort" in query:
        if keys or directions:
            raise InvalidParameter(
                "sort and sort_key/sort_dir do not go together", parameter="sort"
            )
        pairs = [part.partition(":")[::2] for part in str(query["sort"]).split(",")]
        return tuple(_sort(key.strip(), direction.strip() or "desc") for key, direction in pairs)
    if not keys and not directions:
        return ()
    keys = keys or ["created_at"]
    if not directions:
        directions = ["desc"]
    if len(directions) == 1:
        directions = directions * len(keys)
    if len(directions) != len(keys):
        raise InvalidParameter(
            "as many sort_dir as sort_key are needed, or one for all", parameter="sort_dir"
        )
    return tuple(_sort(k, d) for k, d in zip(keys, directions, strict=True))


def _sort(key: str, direction: str) -> Sort:
    if key not in KEYS:
        raise InvalidParameter(
            f"images are sorted by {', '.join(KEYS)}, not by {key!r}", parameter="sort"
        )
    if direction not in {"asc", "desc"}:
        raise InvalidParameter(
            f"the direction of a sort is asc or desc, not {direction!r}", parameter="sort"
        )
    return Sort(key, descending=direction == "desc")


def _storable(name: str, values: list[str]) -> None:
    for text in (name, *values):
        if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise InvalidParameter(
                f"parameter {name!r} holds characters that are no text", parameter=name
            )
