"""Parameters of `GET /v2/images`: declared as a FilterSet; a name that is not declared is a free property's."""

from collections.abc import Callable, Iterable
from typing import Any

import django_filters
from django.db.models import Count, F, QuerySet
from django.db.models.expressions import Combinable
from django.http import QueryDict
from typing_extensions import override

from artifacts.models import Artifact, Tag
from artifacts.properties import field_number, field_text, property_equals
from artifacts.sorting import KEYS, TIES
from artifacts.visibility import Scope
from catalog.actors import Actor
from catalog.errors import InvalidParameter
from catalog.query import Page, Sort
from images import protections
from images.api.v2 import operators, viewing

Rows = QuerySet[Artifact]
PAGING = frozenset({"limit", "marker", "sort", "sort_key", "sort_dir"})
SCOPE = frozenset({"visibility", "member_status", "os_hidden", *viewing.PARAMETERS})
VISIBILITIES = ("public", "private", "shared", "community", "all")
MOST = 200
"""How many filters a list takes: an image has no more tags by far."""
MOST_LISTED = 2000
"""How many values `in:` lists together: two full pages of ids."""
MEMBER_STATUSES = ("pending", "accepted", "rejected", "all")


class _Parameter(django_filters.Filter):
    """A filter that reads the parameter's raw text, every repetition of it."""

    def __init__(self, apply: Callable[[Rows, str, str], Rows], meaning: str) -> None:
        super().__init__(help_text=meaning)
        self._apply = apply

    def narrow(self, rows: Rows, name: str, values: list[str]) -> Rows:
        for value in values:
            rows = self._apply(rows, name, value)
        return rows


def _where(rows: Rows, column: str, key: Combinable, condition: str, value: Any) -> Rows:
    """Rows whose `key` meets the condition, written as the indexes hold it."""
    return rows.alias(**{f"filter_{column}": key}).filter(**{f"filter_{column}{condition}": value})


def _text(
    column: str, key: Combinable, read: Callable[[str, str], list[str]] = operators.one_or_many
) -> _Parameter:
    """An index of the sort by this column serves the filter and the order newest first at once."""

    def apply(rows: Rows, name: str, value: str) -> Rows:
        values = read(name, value.lower() if column == "id" else value)
        if "" in values and column in KEYS:  # its indexes hold "" where there is none
            rows = rows.filter(**{f"{column}__isnull": False})
        if len(values) == 1:
            return _where(rows, column, key, "", values[0])
        return _where(rows, column, key, "__in", values)

    return _Parameter(
        apply,
        'Equal to the text (eq:a, if it begins like an operator), or to one of several: in:a,b,"c,d".',
    )


def _word(column: str) -> _Parameter:
    return _text(column, KEYS[column], operators.one_or_many_words)


def _number(column: str, key: Combinable, condition: str = "") -> _Parameter:
    def apply(rows: Rows, name: str, value: str) -> Rows:
        number = operators.integer(name, value)
        if column == "size":  # its indexes hold 0 where there is none
            rows = rows.filter(size__isnull=False)
        return _where(rows, column, key, condition, number)

    meanings = {"": "Equal to the number.", "__gte": "At least the number."}
    return _Parameter(apply, meanings.get(condition, "At most the number."))


def _time(column: str) -> _Parameter:
    def apply(rows: Rows, name: str, value: str) -> Rows:
        return rows.filter(operators.comparison(name, value).on(column))

    return _Parameter(apply, "An ISO 8601 time, after gt:, gte:, lt:, lte:, neq: or eq: (default).")


class _Tags(_Parameter):
    """Databases plan few joins well (and SQLite 64 at most): the tags beyond the first few are counted."""

    JOINED = 4

    @override
    def narrow(self, rows: Rows, name: str, values: list[str]) -> Rows:
        rows, rest = super().narrow(rows, name, values[: self.JOINED]), values[self.JOINED :]
        if not rest:
            return rows
        counted = Tag.objects.filter(value__in=rest).values("artifact_id").annotate(n=Count("id"))
        return rows.filter(pk__in=counted.filter(n=len(rest)).values("artifact_id"))


def _protected(rows: Rows, name: str, value: str) -> Rows:
    return rows.filter(protected=operators.boolean(name, value))


def _tag(rows: Rows, _: str, value: str) -> Rows:
    return rows.filter(tags__value=value)


def _removed(rows: Rows, name: str, value: str) -> Rows:
    del rows, value
    raise InvalidParameter(f"{name} is no longer a parameter; use updated_at=gte:…", parameter=name)


SIZE, VIRTUAL_SIZE = KEYS["size"], field_number("virtual_size")
MIN_RAM, MIN_DISK = F("min_ram"), F("min_disk")


class ImageFilters(django_filters.FilterSet):
    """Filters of the image list; all of them must hold."""

    id = _word("id")
    name = _text("name", KEYS["name"])
    status = _word("status")
    container_format = _word("container_format")
    disk_format = _word("disk_format")
    owner = _text("project_id", F("project_id"))
    checksum = _text("checksum", field_text("checksum"))
    os_hash_algo = _text("os_hash_algo", field_text("os_hash_algo"))
    os_hash_value = _text("os_hash_value", field_text("os_hash_value"))
    os_detected_format = _text("os_detected_format", field_text("os_detected_format"))
    created_at = _time("created_at")
    updated_at = _time("updated_at")
    protected = _Parameter(_protected, "true or false.")
    tag = _Tags(_tag, "A tag that the image has; repeated: it has them all.")
    size = _number("size", SIZE)
    size_min = _number("size", SIZE, "__gte")
    size_max = _number("size", SIZE, "__lte")
    virtual_size = _number("virtual_size", VIRTUAL_SIZE)
    virtual_size_min = _number("virtual_size", VIRTUAL_SIZE, "__gte")
    virtual_size_max = _number("virtual_size", VIRTUAL_SIZE, "__lte")
    min_ram = _number("min_ram", MIN_RAM)
    min_ram_min = _number("min_ram", MIN_RAM, "__gte")
    min_ram_max = _number("min_ram", MIN_RAM, "__lte")
    min_disk = _number("min_disk", MIN_DISK)
    min_disk_min = _number("min_disk", MIN_DISK, "__gte")
    min_disk_max = _number("min_disk", MIN_DISK, "__lte")


_DECLARED: dict[str, Any] = dict(ImageFilters.base_filters)
_DECLARED["changes-since"] = _Parameter(_removed, "Refused: see updated_at.")
NUMBERS = sorted(name.removesuffix("_min") for name in _DECLARED if name.endswith("_min"))


def filtered(query: QueryDict, actor: Actor, *, but: frozenset[str] = frozenset()) -> Rows:
    """The rows that the parameters describe, `but` some; what the actor may not read finds nothing."""
    rows = _shelf(query)
    for name, values in _conditions(query, but):
        known = _DECLARED.get(name)
        if known is not None:
            rows = known.narrow(rows, name, values)
        elif name.endswith(("_min", "_max")):
            raise InvalidParameter(
                f"{name}: only {', '.join(NUMBERS)} can be compared", parameter=name
            )
        elif protections.allows(actor, protections.PropertyAction.READ, name):
            for value in values:
                rows = rows.filter(property_equals(name, value))
        else:
            rows = rows.none()
    return rows


def _conditions(query: QueryDict, but: frozenset[str]) -> list[tuple[str, list[str]]]:
    """Every name with its values, repetitions once; InvalidParameter for more than databases are asked at a time."""
    found = [
        (name, list(dict.fromkeys(values)))
        for name, values in query.lists()
        if name not in PAGING and name not in SCOPE and name not in but
    ]
    for name, values in found:
        operators.require_text(name, values)
    count = sum(len(values) for _, values in found)
    if count > MOST:
        raise InvalidParameter(f"a list takes at most {MOST} filters, not {count}", maximum=MOST)
    listed = sum(
        value.count(",") + 1 for _, values in found for value in values if value.startswith("in:")
    )
    if listed > MOST_LISTED:
        raise InvalidParameter(
            f"the lists after in: have at most {MOST_LISTED} values together", maximum=MOST_LISTED
        )
    return found


def _shelf(query: QueryDict) -> Rows:
    """Hidden images or the others; of deleted ones, both unless one of them is asked for."""
    if "os_hidden" not in query and viewing.deleted_wanted(query):
        return Artifact.objects.all()
    hidden = operators.boolean("os_hidden", query.get("os_hidden", "false"), any_case=True)
    return Artifact.objects.filter(hidden=hidden)


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
    return Page(operators.limit(query), query.get("marker"), sorts(query))


def sorts(query: QueryDict) -> tuple[Sort, ...]:
    """Both syntaxes: `sort=name:asc,size` and repeated `sort_key`, `sort_dir`; without either, newest first."""
    keys, directions = query.getlist("sort_key"), query.getlist("sort_dir")
    if "sort" in query:
        if keys or directions:
            raise InvalidParameter(
                "sort and sort_key/sort_dir do not go together", parameter="sort"
            )
        pairs = [part.partition(":")[::2] for part in str(query["sort"]).split(",")]
        return _once(_sort(key.strip(), direction.strip() or "desc") for key, direction in pairs)
    if not keys and not directions:
        return ()
    keys = keys or ["created_at"]
    if not directions:
        directions = ["desc"]
    if len(directions) == 1:  # it is the ties' as well
        keys = [*keys, *TIES]
        directions = directions * len(keys)
    if len(directions) != len(keys):
        raise InvalidParameter(
            "as many sort_dir as sort_key are needed, or one for all", parameter="sort_dir"
        )
    return _once(_sort(k, d) for k, d in zip(keys, directions, strict=True))


def _once(sorts: Iterable[Sort]) -> tuple[Sort, ...]:
    """A key that came before decides nothing any more."""
    found: dict[str, Sort] = {}
    for one in sorts:
        found.setdefault(one.field, one)
    return tuple(found.values())


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
