"""Where the admin shows the objects that events, deliveries and jobs name; each app says it for its own types."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from typing_extensions import override

M = TypeVar("M", bound=Model)

Page = Callable[[str], str]
_pages: dict[str, Page] = {}


def provide(object_type: str, page: Page) -> None:
    """Say at which address an object of this type is shown, given its id."""
    _pages[object_type] = page


def row_of(model: type[Model]) -> Page:
    """The page of the row with the key."""
    return lambda key: reverse(_name(model, "change"), args=[quote(key)])


def found_in(model: type[Model]) -> Page:
    """The list that searches for the id."""
    return lambda text: f"{reverse(_name(model, 'changelist'))}?{urlencode({'q': text})}"


def linked(object_type: str, object_id: str | None) -> SafeString | str:
    """The id, as a link where there is a page for it. What is gone by now has none any more, as the page then says."""
    page = _pages.get(object_type)
    if page is None or not object_id:
        return object_id or ""
    return format_html('<a href="{}">{}</a>', page(object_id), object_id)


def events_of(object_type: str, object_id: str) -> str:
    """The address of the list of all that happened to an object."""
    found = urlencode({"object_type": object_type, "object_id": object_id})
    return f"{reverse('admin:catalog_event_changelist')}?{found}"


def _name(model: type[Model], page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"  # noqa: SLF001 - documented


class ToldInEvents(admin.ModelAdmin[M]):
    """Rows whose history is what the events say of them, whoever did it, and not only what was done on these pages.

    What events name by `object_type` and the row's key leads to the row's page.
    """

    object_type: ClassVar[str] = ""

    def __init__(self, model: type[M], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        if self.object_type:
            provide(self.object_type, row_of(model))

    def told_as(self, row: M) -> tuple[str, str] | None:
        """The type and the id by which events name the row; None: they do not."""
        return (self.object_type, str(row.pk)) if self.object_type else None

    @override
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        told = self.told_as(row) if row is not None else None
        if told is None or not self.has_view_permission(request, row):
            return super().history_view(request, object_id, extra_context)
        return HttpResponseRedirect(events_of(*told))
