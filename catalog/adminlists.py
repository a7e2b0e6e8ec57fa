"""Filters of the admin's lists beside those that Django has."""

from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from typing_extensions import override

M = TypeVar("M", bound=Model)


class TextFilter(admin.SimpleListFilter):
    """A whole value that is typed, for columns with more values than can be offered; `column` leads an index."""

    template = "admin/catalog/text_filter.html"
    column: ClassVar[str]

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]

    @override
    def choices(self, changelist: Any) -> Any:
        """One, for the form: what is typed, the filters that stay, and the address without this one."""
        others = changelist.filter_params.items()
        yield {
            "value": self.value() or "",
            "others": [(k, v) for k, values in others if k != self.parameter_name for v in values],
            "without": changelist.get_query_string(remove=[self.parameter_name]),
        }

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> QuerySet[M]:
        value = (self.value() or "").strip()
        if not value:
            return queryset
        return queryset.none() if "\x00" in value else queryset.filter(self.condition(value))

    def condition(self, value: str) -> Q:
        return Q(**{self.column: value})
