"""What all admin pages of catalogued rows have in common: nothing is counted, scanned or sorted without an index,
and whatever changes goes through a service, whose refusals are shown and not raised.
"""

import json
from collections.abc import Callable, Iterable
from copy import copy
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as ask_before_deleting
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import connection, models
from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from typing_extensions import override

from catalog.adminlinks import ToldInEvents
from catalog.errors import CatalogError

M = TypeVar("M", bound=models.Model)
COUNTED = 10_000
LAST = "\U0010ffff"


class BoundedPaginator(Paginator[Any]):
    """Counts up to `COUNTED` rows; whoever looks for a row behind these searches for it."""

    @cached_property
    @override
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by()[:COUNTED].count()


def begins_with(column: str, text: str) -> Q:
    """A prefix as a range, which both databases answer from the column's index; the column compares by bytes."""
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + LAST})


def distinct(model: type[models.Model], column: str) -> list[str]:
    """The few different values of a column that leads an index, one index look-up each."""
    table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001 - documented
    name = connection.ops.quote_name(column)
    sql = (
        f"WITH RECURSIVE found(v) AS (SELECT MIN({name}) FROM {table} UNION ALL"  # noqa: S608 - names of our own models
        f" SELECT (SELECT MIN({name}) FROM {table} WHERE {name} > found.v) FROM found WHERE found.v IS NOT NULL)"
        " SELECT v FROM found WHERE v IS NOT NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def preformatted(value: str) -> SafeString:
    return format_html("<pre>{}</pre>", value)


def as_json(value: Any) -> SafeString:
    return preformatted(json.dumps(value, indent=2, ensure_ascii=False))


def in_units(size: int | None) -> str:
    """Bytes as people read them, in binary units: 1.5 GiB."""
    if size is None:
        return ""
    number, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while number >= 1024 and len(units) > 1:
        number, units = number / 1024, units[1:]
    return f"{number:.3g} {units[0]}" if number < 1000 else f"{number:.0f} {units[0]}"


class RowAdmin(ToldInEvents[M]):
    """Rows to look at. The search box finds what begins with the text, in `prefix_fields` (each leads an index)."""

    prefix_fields: ClassVar[tuple[str, ...]] = ("id",)
    search_fields = ("id",)
    search_help_text = gettext_lazy("Beginning of an id")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    list_per_page = 50
    ordering: ClassVar[list[str | Combinable] | tuple[str | Combinable, ...] | None] = ("-id",)
    sortable_by: ClassVar[tuple[str, ...]] = ()
    actions_on_bottom = False

    @override
    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if "\x00" in term:
            return queryset.none(), False
        return queryset.filter(self.found_by(term)), False

    def found_by(self, term: str) -> Q:
        """The condition that the search box means."""
        found = Q()
        for name in self.prefix_fields:
            found |= begins_with(name, term)
        return found

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    @override
    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """For actions: who may see these pages may use their buttons."""
        return self.has_view_permission(request)

    def each(
        self, request: HttpRequest, ids: Iterable[Any], act: Callable[[Any], object]
    ) -> list[Any]:
        """Do `act` for every id; refusals become messages. The ids for which it was done."""
        done = []
        for one in ids:
            try:
                act(one)
            except CatalogError as error:
                self.message_user(request, f"{error.message} ({one})", messages.ERROR)
            else:
                done.append(one)
        return done


class ServiceAdmin(RowAdmin[M]):
    """Rows that change through services: `write` and `remove` say which.

    A service's refusal leaves nothing behind; the form comes again with the sentence on top.
    """

    actions: tuple[str, ...] = ("delete_selected",)

    def write(self, request: HttpRequest, form: Any, row: M) -> None:
        """Do what the valid form asks for; any CatalogError."""
        raise NotImplementedError

    def remove(self, request: HttpRequest, row: M) -> None:
        """Delete the row; any CatalogError."""
        raise NotImplementedError

    @override
    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:
        self.write(request, form, obj)

    @override
    def get_form(
        self, request: HttpRequest, obj: M | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        found = super().get_form(request, obj, change=change, **kwargs)
        refusal: CatalogError | None = getattr(request, "refusal", None)
        return (
            found
            if refusal is None
            else type("RefusedForm", (_Refused, found), {"refusal": refusal})
        )

    @override
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except CatalogError as error:
            request.refusal = error  # type: ignore[attr-defined] # read by get_form, within this request
            return super().changeform_view(request, object_id, form_url, extra_context)

    @override
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Django's page asks; the deed is done outside its transaction, since bytes go with some rows."""
        row = self.get_object(request, unquote(object_id)) if request.method == "POST" else None
        if row is None or not self.has_delete_permission(request, row):
            return super().delete_view(request, object_id, extra_context)
        if not self.delete_rows(request, [row]):
            return HttpResponseRedirect(self.address("change", object_id))
        return HttpResponseRedirect(self.address("changelist"))

    def delete_rows(self, request: HttpRequest, rows: Iterable[M]) -> int:
        """Delete through the service, and say for how many rows it did."""
        known = {str(row.pk): row for row in rows}
        done = self.each(request, known, lambda pk: self.remove(request, copy(known[pk])))
        if done:
            self.log_deletions(request, [known[pk] for pk in done])  # type: ignore[arg-type] # rows do, and these are gone
            said = ngettext("%(count)d deleted.", "%(count)d deleted.", len(done))
            self.message_user(request, said % {"count": len(done)}, messages.SUCCESS)
        return len(done)

    @override
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What the page before deleting shows: the rows alone, since services free what hangs on them."""
        rows = list(objs)
        names = {self.opts.verbose_name_plural: len(rows)}
        return [str(row) for row in rows], names, set(), []

    @admin.action(
        permissions=["delete"], description=gettext_lazy("Delete selected %(verbose_name_plural)s")
    )
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[M]) -> HttpResponse | None:
        if not request.POST.get("post"):
            return ask_before_deleting(self, request, queryset)
        self.delete_rows(request, queryset)
        return None

    def address(self, page: str, *args: Any) -> str:
        """`change`, `changelist`… of this model."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=args, current_app=self.admin_site.name)


class _Refused(ModelForm[Any]):
    """A form whose service said no."""

    refusal: ClassVar[CatalogError]

    @override
    def clean(self) -> dict[str, Any] | None:
        super().clean()
        raise ValidationError(_("Not saved: %(reason)s"), params={"reason": self.refusal.message})
