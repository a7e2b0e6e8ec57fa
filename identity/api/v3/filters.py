"""The parameters of lists: declared per list, and a page at a time; unknown ones are passed over, as Keystone does."""

from typing import Any, ClassVar, TypeVar

import django_filters
from django import forms
from django.db.models import JSONField, Model, Q, QuerySet, TextField
from django.http import QueryDict
from rest_framework.request import Request
from typing_extensions import override

from catalog.api.addresses import base_url
from catalog.conf import CatalogConfig, section
from catalog.errors import InvalidParameter
from catalog.pages import room, weight
from catalog.query import count
from identity.models import ApplicationCredential, Domain, Project, ProjectTag, Role, User

M = TypeVar("M", bound=Model)
FALSE = frozenset({"0", "false", "no", "off"})
COMPARATORS = ("contains", "icontains", "startswith", "istartswith", "endswith", "iendswith")


class TextFilter(django_filters.Filter):  # type: ignore[misc] # it has no types
    """The very text: blanks count, and an empty value matches nothing instead of everything."""

    field_class = forms.CharField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, strip=False, max_length=255, **kwargs)

    @override
    def filter(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{self.field_name: self.read(value)}) if self.is_given() else rows

    def is_given(self) -> bool:
        return self.field_name in self.parent.data

    def read(self, value: str) -> Any:
        return value


class FlagFilter(TextFilter):
    """As Keystone reads flags: what does not say no says yes."""

    @override
    def read(self, value: str) -> Any:
        return is_true(value)


class DomainFilters(django_filters.FilterSet):  # type: ignore[misc] # it has no types
    name = TextFilter()
    enabled = FlagFilter()

    class Meta:
        model = Domain
        fields: ClassVar[list[str]] = []


class ProjectFilters(django_filters.FilterSet):  # type: ignore[misc] # it has no types
    name = TextFilter()
    domain_id = TextFilter()
    enabled = FlagFilter()
    parent_id = TextFilter(method="under")
    is_domain = TextFilter(method="domains")
    tags = TextFilter(method="with_all")
    tags_any = TextFilter(method="with_any")
    not_tags = TextFilter(method="without_all")
    not_tags_any = TextFilter(method="without_any")

    class Meta:
        model = Project
        fields: ClassVar[list[str]] = []

    def under(self, rows: QuerySet[Project], _: str, value: str) -> QuerySet[Project]:
        """A domain is the parent of the projects that have no other."""
        return rows.filter(Q(parent_id=value) | Q(parent_id=None, domain_id=value))

    def with_all(self, rows: QuerySet[Project], _: str, value: str) -> QuerySet[Project]:
        for tag in value.split(","):
            rows = rows.filter(pk__in=_tagged(tag))
        return rows

    def with_any(self, rows: QuerySet[Project], _: str, value: str) -> QuerySet[Project]:
        return rows.filter(pk__in=_tagged(*value.split(",")))

    def without_all(self, rows: QuerySet[Project], _: str, value: str) -> QuerySet[Project]:
        return rows.exclude(pk__in=self.with_all(Project.objects.all(), _, value))

    def without_any(self, rows: QuerySet[Project], _: str, value: str) -> QuerySet[Project]:
        return rows.exclude(pk__in=_tagged(*value.split(",")))

    def domains(self, rows: QuerySet[Project], _: str, value: str) -> QuerySet[Project]:
        """Domains are no projects here."""
        return rows.none() if is_true(value) else rows


def _tagged(*names: str) -> QuerySet[ProjectTag]:
    return ProjectTag.objects.filter(name__in=names).values("project_id")  # type: ignore[return-value] # rows of one column


class UserFilters(django_filters.FilterSet):  # type: ignore[misc] # it has no types
    name = TextFilter()
    domain_id = TextFilter()
    enabled = FlagFilter()
    default_project_id = TextFilter()

    class Meta:
        model = User
        fields: ClassVar[list[str]] = []


class CredentialFilters(django_filters.FilterSet):  # type: ignore[misc] # it has no types
    name = TextFilter()

    class Meta:
        model = ApplicationCredential
        fields: ClassVar[list[str]] = []


class RoleFilters(django_filters.FilterSet):  # type: ignore[misc] # it has no types
    name = TextFilter()
    domain_id = TextFilter(method="of_domain")

    class Meta:
        model = Role
        fields: ClassVar[list[str]] = []

    def of_domain(self, rows: QuerySet[Role], _: str, value: str) -> QuerySet[Role]:
        """No role belongs to a domain."""
        return rows if value in {"", "None", "null"} else rows.none()


def is_true(value: str) -> bool:
    return value.lower() not in FALSE


def page_of(
    rows: QuerySet[M], request: Request, filters: type[django_filters.FilterSet] | None = None
) -> tuple[list[M], str | None]:
    """Rows by name, and the address of the next page when there are more."""
    parameters = request.GET
    if filters is not None:
        spelled = parameters.copy()
        for name in parameters:
            spelled.setlist(name.replace("-", "_"), parameters.getlist(name))
        filtered = filters(spelled, rows)
        if not filtered.is_valid():
            name, problems = next(iter(filtered.errors.items()))
            raise InvalidParameter(f"{name}: {problems[0]}", parameter=name)
        rows = _named(filtered.qs, parameters)
    limit = _limit(parameters)
    ordered = _after(rows, parameters.get("marker")).order_by("name", "pk")
    weighed = ordered.prefetch_related(None).annotate(row_weight=weight(*_long_columns(rows.model)))
    weights = list(weighed.values_list("row_weight", flat=True)[: limit + 1])
    shown = room(weights[:limit])
    found = list(ordered[:shown])
    if not found or len(weights) <= shown:
        return found, None
    following = parameters.copy()
    following["marker"], following["limit"] = str(found[-1].pk), str(limit)
    return found, f"{base_url(request)}{request.path}?{following.urlencode()}"


def _long_columns(model: type[Model]) -> list[str]:
    """Those that may hold long texts."""
    kinds = (TextField, JSONField)
    return [one.name for one in model._meta.concrete_fields if isinstance(one, kinds)]  # noqa: SLF001 - documented


def _named(rows: QuerySet[M], parameters: QueryDict) -> QuerySet[M]:
    """`name__contains` and its like."""
    for comparator in COMPARATORS:
        value = parameters.get(f"name__{comparator}")
        if value is not None:
            rows = rows.filter(**{f"name__{comparator}": value})
    return rows


def _limit(parameters: QueryDict) -> int:
    longest = section(CatalogConfig).page_limit
    wished = parameters.get("limit")
    if not wished:
        return longest
    number = count(wished, least=1)
    if number is None:
        raise InvalidParameter("limit must be a whole number above zero.", parameter="limit")
    return min(number, longest)


def _after(rows: QuerySet[M], marker: str | None) -> QuerySet[M]:
    if not marker:
        return rows
    name = rows.filter(pk=marker).values_list("name", flat=True).first()
    if name is None:
        raise InvalidParameter("marker names nothing in this list.", parameter="marker")
    return rows.filter(Q(name__gt=name) | Q(name=name, pk__gt=marker))
