"""Operators' view of artifacts of every type and of where their bytes lie.

What may be done to a row follows from its type's state machine: every transition for which the type has a service
is a button on the row's page and an action in the list.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from typing_extensions import override

from artifacts.admin.lists import (
    SORTS,
    CataloguedList,
    ProjectFilter,
    ShelfFilter,
    SizeFilter,
    StatusFilter,
    TypeFilter,
    sortable,
    usual_order,
)
from artifacts.models import Artifact
from artifacts.services import deletion, plain, restoring
from artifacts.sorting import KEYS
from artifacts.types import ArtifactType, type_named, types
from catalog import adminlinks
from catalog.administration import ServiceAdmin, as_json, begins_with, in_units
from catalog.api.sessions import staff_actor_of
from catalog.errors import CatalogError

A = TypeVar("A", bound=Artifact)
Verb = Callable[..., object]
_verbs: dict[str, Mapping[str, Verb]] = {}

for _kind in types().values():
    adminlinks.provide(_kind.resource_type, adminlinks.row_of(Artifact))


def provide(type_name: str, verbs: Mapping[str, Verb]) -> None:
    """Name the services, called with (artifact id, actor=…), that walk a type's transitions."""
    _verbs[type_name] = verbs


def verbs_of(kind: ArtifactType) -> Mapping[str, Verb]:
    """Transition → service, for those transitions of the type's machine that a person may walk."""
    found: Mapping[str, Verb] = _verbs.get(kind.name) or {
        "activate": partial(plain.activate, kind=kind),
        "delete": partial(deletion.delete, kind=kind),
    }
    return {name: found[name] for name in kind.machine.transitions if name in found}


def held_verbs_of(kind: ArtifactType) -> Mapping[str, Verb]:
    """What may be done to a row that is deleted and can still be restored."""
    restore = _verbs.get(kind.name, {}).get("restore")
    return {
        "restore": restore or partial(restoring.restore, kind=kind),
        "purge": partial(restoring.purge, kind=kind),
    }


LABELS = {
    "restore": gettext_lazy("Restore"),
    "purge": gettext_lazy("Delete for good"),
    "activate": gettext_lazy("Activate"),
    "deactivate": gettext_lazy("Deactivate"),
    "reactivate": gettext_lazy("Reactivate"),
}


class CataloguedAdmin(ServiceAdmin[A]):
    """Artifacts of one type or of all; the status is walked, never written."""

    list_display: tuple[str, ...] = (
        "title", "id", "status", "visibility", "project", "shown_size", "created_at",
    )  # fmt: skip
    search_help_text = gettext_lazy("Beginning of a name, or of an id (eight digits or more)")
    change_form_template = "admin/catalog/moving_row.html"

    class Media:
        css = {"all": ("catalog/moving_row.css",)}

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def title(self, row: Artifact) -> str:
        return row.name or _("(without a name)")

    @admin.display(description=gettext_lazy("size"), ordering="size")
    def shown_size(self, row: Artifact) -> str:
        return in_units(row.size)

    @admin.display(description=gettext_lazy("project"))
    def project(self, row: Artifact) -> SafeString | str:
        return adminlinks.linked("project", row.project_id)

    @override
    def get_ordering(self, request: HttpRequest) -> list[str | Combinable]:
        return usual_order(request, self.model)

    @override
    def get_sortable_by(self, request: HttpRequest) -> Any:
        return tuple(SORTS) if sortable(request, self.model) else ()

    @override
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CataloguedList]:
        return CataloguedList

    @override
    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[A], search_term: str
    ) -> tuple[QuerySet[A], bool]:
        rows: Any = queryset.annotate(listed_name=KEYS["name"])
        return super().get_search_results(request, rows, search_term)

    @override
    def found_by(self, term: str) -> Q:
        if len(term) >= 8 and set(term.lower()) <= set("0123456789abcdef-"):
            return begins_with("id", term.lower())
        return Q(type__in=list(types())) & begins_with("listed_name", term)

    @override
    def told_as(self, row: A) -> tuple[str, str]:
        return type_named(row.type).resource_type, row.pk

    @override
    def has_delete_permission(self, request: HttpRequest, obj: A | None = None) -> bool:
        return self.has_view_permission(request) and (obj is None or obj.deleted_at is None)

    @override
    def remove(self, request: HttpRequest, row: A) -> None:
        verbs_of(type_named(row.type))["delete"](row.pk, actor=staff_actor_of(request))

    # Transitions

    @override
    def get_actions(self, request: HttpRequest) -> Any:
        found: dict[str, Any] = super().get_actions(request)
        if self.has_operate_permission(request):
            for name in [*self._transitions(), "restore"]:
                found[name] = (_walks(name), name, LABELS.get(name, name))
        return found

    def _transitions(self) -> list[str]:
        names = {n for kind in self.kinds() for n in verbs_of(kind)} - {"delete"}
        return sorted(names)

    def kinds(self) -> list[ArtifactType]:
        return list(types().values())

    def walk(self, request: HttpRequest, row: Artifact, name: str) -> None:
        """Let the type's service walk the transition; IllegalTransition and whatever the service refuses."""
        kind, actor = type_named(row.type), staff_actor_of(request)
        if name in held_verbs_of(kind):
            held_verbs_of(kind)[name](row.pk, actor=actor)
            return
        kind.machine.target(name, row.status)
        verbs_of(kind)[name](row.pk, actor=actor)

    @override
    def get_urls(self) -> Any:
        walk = require_POST(self.admin_site.admin_view(self._walk_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_walk"
        return [path("<path:object_id>/walk/<slug:name>/", walk, name=name), *super().get_urls()]

    def _walk_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        kind = type_named(row.type)
        if name not in {*verbs_of(kind), *held_verbs_of(kind)}:
            raise Http404
        try:
            self.walk(request, row, name)
        except CatalogError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, _("Done."), messages.SUCCESS)
        return HttpResponseRedirect(self.address("change", object_id))

    @override
    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        context["transitions"] = self._buttons(row) if row is not None else []
        return super().render_change_form(request, context, *args, **kwargs)

    def _buttons(self, row: Artifact) -> list[dict[str, Any]]:
        kind = type_named(row.type)
        if row.deleted_at is not None:
            names = [*held_verbs_of(kind)] if row.scrubbed_at is None else []
        else:
            names = [n for n in verbs_of(kind) if kind.machine.allows(n, row.status)]
        return [
            {"label": LABELS.get(name, name), "address": self.address("walk", row.pk, name)}
            for name in names
            if name != "delete"
        ]

    # Fields that are read

    @admin.display(description=gettext_lazy("fields"))
    def shown_fields(self, row: Artifact) -> SafeString:
        return as_json(row.fields)

    @admin.display(description=gettext_lazy("properties"))
    def shown_properties(self, row: Artifact) -> SafeString:
        return as_json(row.properties)

    @admin.display(description=gettext_lazy("violations"))
    def shown_violations(self, row: Artifact) -> SafeString:
        return as_json(row.violations)

    @admin.display(description=gettext_lazy("tags"))
    def shown_tags(self, row: Artifact) -> str:
        return ", ".join(row.tags.order_by("value").values_list("value", flat=True))


READ = (
    "id", "status", "shown_violations", "size", "shown_fields", "revision", "doc_version", "created_at",
    "created_by", "updated_at", "updated_by", "activated_at", "deleted_at", "scrubbed_at",
)  # fmt: skip


def _walks(name: str) -> Callable[[Any, HttpRequest, QuerySet[Artifact]], None]:
    def walk_all(
        model_admin: CataloguedAdmin[Any], request: HttpRequest, queryset: QuerySet[Artifact]
    ) -> None:
        rows = {row.pk: row for row in queryset}
        done = model_admin.each(request, rows, lambda pk: model_admin.walk(request, rows[pk], name))
        if done:
            said = _("%(transition)s: done for %(count)d.")
            shown = said % {"transition": LABELS.get(name, name), "count": len(done)}
            model_admin.message_user(request, shown, messages.SUCCESS)

    return walk_all


@admin.register(Artifact)
class ArtifactAdmin(CataloguedAdmin[Artifact]):
    list_filter = (TypeFilter, ShelfFilter, StatusFilter, SizeFilter, ProjectFilter)
    fields = (
        "type", "name", "version", "project_id", "visibility", "protected", "hidden",
        "shown_properties", "shown_tags", *READ,
    )  # fmt: skip

    @override
    def get_list_display(self, request: HttpRequest) -> Any:
        return ["title", "type", *self.list_display[1:]]
