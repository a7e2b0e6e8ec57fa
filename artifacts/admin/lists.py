"""Filters and orders of the lists of artifacts: those that an index answers, at a million rows as at a thousand.

Every list of one type is in the order of a declared sort (`artifacts.sorting`), with its ties. Filters compare the
expressions that the indexes hold.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable, OrderBy
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from typing_extensions import override

from artifacts.models import EVERYBODYS, LISTED, Artifact
from artifacts.sorting import KEYS, columns
from artifacts.types import types
from catalog.adminlists import TextFilter

MiB, GiB = 1 << 20, 1 << 30
SORTS: Mapping[str, str] = MappingProxyType(
    {
        "title": "name",
        "shown_size": "size",
        **{name: name for name in ("id", "status", "disk_format", "created_at", "updated_at")},
    }
)
"""Column of a list → declared sort."""
SHELF, PROJECT, SIZE, TYPE = "shelf", "project", "size", "type"


def one_type(request: HttpRequest, model: type[Artifact]) -> bool:
    """Whether the list holds artifacts of one type alone."""
    return model is not Artifact or bool(request.GET.get(TYPE))


def sortable(request: HttpRequest, model: type[Artifact]) -> bool:
    """Whether indexes have the list in every order: the listed rows of one type, not searched."""
    asked = request.GET
    return one_type(request, model) and not asked.get(SHELF) and not asked.get("q", "").strip()


def in_order(key: str, *, descending: bool) -> list[OrderBy]:
    """The declared sort, ties included, all in the direction of its index."""
    return [OrderBy(KEYS[column], descending=descending) for column in columns(key)]


def usual_order(request: HttpRequest, model: type[Artifact]) -> list[str | Combinable]:
    """The newest first where an index has that order; what is filtered by size by size."""
    shelf = request.GET.get(SHELF, "")
    if shelf in ShelfFilter.SINCE:
        return [f"-{ShelfFilter.SINCE[shelf]}", "-id"]
    if not sortable(request, model):
        return ["-id"]
    return [*in_order("size" if request.GET.get(SIZE) else "created_at", descending=True)]


class CataloguedList(ChangeList):
    """A list in one declared sort: of the columns that were clicked, the one clicked last."""

    @override
    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        chosen = self._chosen()
        if chosen is None or not self.sortable_by:
            return list(self.model_admin.get_ordering(request))
        number, descending = chosen
        return in_order(SORTS[self._name(number)], descending=descending)

    @override
    def get_ordering_field_columns(self) -> dict[int, Literal["desc", "asc"]]:
        chosen = self._chosen()
        return {} if chosen is None else {chosen[0]: "desc" if chosen[1] else "asc"}

    def _chosen(self) -> tuple[int, bool] | None:
        first = self.params.get(ORDER_VAR, "").split(".")[0]
        number = first.removeprefix("-")
        if not (number.isascii() and number.isdigit() and len(number) < 3):
            return None
        if int(number) >= len(self.list_display) or self._name(int(number)) not in SORTS:
            return None
        return int(number), first.startswith("-")

    def _name(self, number: int) -> str:
        return str(self.list_display[number])


class _OfArtifacts(admin.SimpleListFilter):
    """Where no type is chosen, all types are named: each index begins with the type."""

    @override
    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: type[Any], model_admin: Any
    ) -> None:
        self._types = Q() if one_type(request, model) else Q(type__in=list(types()))
        super().__init__(request, params, model, model_admin)

    def _keyed(self, queryset: QuerySet[Artifact], key: str, **compared: Any) -> QuerySet[Artifact]:
        """The rows whose sort key compares so: `gte=1`, `exact="qcow2"`."""
        if any(isinstance(one, str) and "\x00" in one for one in compared.values()):
            return queryset.none()
        name = f"{key}_key"
        conditions = {f"{name}__{how}": value for how, value in compared.items()}
        return queryset.alias(**{name: KEYS[key]}).filter(self._types, **conditions)


class TypeFilter(admin.SimpleListFilter):
    title = gettext_lazy("type")
    parameter_name = TYPE

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted(types())]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Artifact]) -> QuerySet[Artifact]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class ShelfFilter(admin.SimpleListFilter):
    """Listed rows by default, each choice with its own index."""

    title = gettext_lazy("shelf")
    parameter_name = SHELF
    CHOICES: ClassVar[Mapping[str, Q]] = {
        "hidden": Q(deleted_at=None, hidden=True),
        "deleted": Q(deleted_at__isnull=False, scrubbed_at=None),
        "gone": Q(scrubbed_at__isnull=False),
        "any": Q(),
    }
    SINCE: ClassVar[Mapping[str, str]] = {"deleted": "deleted_at", "gone": "scrubbed_at"}

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("hidden", gettext_lazy("Hidden")),
            ("deleted", gettext_lazy("Deleted")),
            ("gone", gettext_lazy("Deleted for good")),
            ("any", gettext_lazy("Any")),
        ]

    @override
    def choices(self, changelist: Any) -> Any:
        first, *rest = super().choices(changelist)
        return [{**first, "display": _("Listed")}, *rest]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Artifact]) -> QuerySet[Artifact]:
        """Of listed rows one project's are in an index of their own."""
        listed = LISTED if request.GET.get(PROJECT, "").strip() else LISTED & EVERYBODYS
        return queryset.filter(self.CHOICES.get(self.value() or "", listed))


class StatusFilter(_OfArtifacts):
    title = gettext_lazy("status")
    parameter_name = "status"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        states = {state for kind in model_admin.kinds() for state in kind.machine.states}
        return [(state, state) for state in sorted(states - {"deleted"})]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Artifact]) -> QuerySet[Artifact]:
        value = self.value()
        return self._keyed(queryset, "status", exact=value) if value else queryset


class ProjectFilter(TextFilter, _OfArtifacts):
    title = gettext_lazy("project (id)")
    parameter_name = PROJECT

    @override
    def condition(self, value: str) -> Q:
        return self._types & Q(project_id=value)


class SizeFilter(_OfArtifacts):
    """Ranges in binary units, the lower bound included."""

    title = gettext_lazy("size")
    parameter_name = SIZE
    RANGES: ClassVar[Mapping[str, tuple[int, int | None]]] = {
        "none": (0, 1),
        "to-100m": (1, 100 * MiB),
        "100m-1g": (100 * MiB, GiB),
        "1g-10g": (GiB, 10 * GiB),
        "10g-100g": (10 * GiB, 100 * GiB),
        "from-100g": (100 * GiB, None),
    }

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("none", gettext_lazy("No data")),
            ("to-100m", gettext_lazy("Under 100 MiB")),
            ("100m-1g", gettext_lazy("100 MiB to 1 GiB")),
            ("1g-10g", gettext_lazy("1 to 10 GiB")),
            ("10g-100g", gettext_lazy("10 to 100 GiB")),
            ("from-100g", gettext_lazy("100 GiB and more")),
        ]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Artifact]) -> QuerySet[Artifact]:
        if self.value() not in self.RANGES:
            return queryset
        lowest, beyond = self.RANGES[str(self.value())]
        bounds = {"gte": lowest} if beyond is None else {"gte": lowest, "lt": beyond}
        return self._keyed(queryset, "size", **bounds)


class FormatFilter(_OfArtifacts):
    """A format of those that are offered, or none."""

    NONE = "-"
    key: ClassVar[str]

    def offered(self) -> Iterable[str]:
        raise NotImplementedError

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*((one, one) for one in self.offered()), (self.NONE, gettext_lazy("(none)"))]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Artifact]) -> QuerySet[Artifact]:
        value = self.value()
        if not value:
            return queryset
        return self._keyed(queryset, self.key, exact="" if value == self.NONE else value)
