"""Operators' view of artifacts of every type and of where their bytes lie.

What may be done to a row follows from its type's state machine: every transition for which the type has a service
is a button on the row's page and an action in the list.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import F, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from typing_extensions import override

from artifacts.models import Artifact, Blob, Location, StoredObject, Tag, UploadPart, UploadSession
from artifacts.services import deletion, plain, restoring, sessions
from artifacts.types import ArtifactType, type_named, types
from catalog.administration import (
    RowAdmin,
    ServiceAdmin,
    begins_with,
    distinct,
    preformatted,
)
from catalog.api.sessions import staff_actor_of
from catalog.errors import CatalogError

A = TypeVar("A", bound=Artifact)
Verb = Callable[..., object]
_verbs: dict[str, Mapping[str, Verb]] = {}


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


class TypeFilter(admin.SimpleListFilter):
    title = gettext_lazy("type")
    parameter_name = "type"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted(types())]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Artifact]) -> QuerySet[Artifact]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class ShelfFilter(admin.SimpleListFilter):
    """Listed rows by default, each choice with its own index."""

    title = gettext_lazy("shelf")
    parameter_name = "shelf"
    CHOICES = {
        "hidden": Q(deleted_at=None, hidden=True),
        "deleted": Q(deleted_at__isnull=False),
        "any": Q(),
    }

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("hidden", gettext_lazy("Hidden")),
            ("deleted", gettext_lazy("Deleted")),
            ("any", gettext_lazy("Any")),
        ]

    @override
    def choices(self, changelist: Any) -> Any:
        first, *rest = super().choices(changelist)
        return [{**first, "display": _("Listed")}, *rest]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Artifact]) -> QuerySet[Artifact]:
        listed = Q(deleted_at=None, hidden=False)
        return queryset.filter(self.CHOICES.get(self.value() or "", listed))


class CataloguedAdmin(ServiceAdmin[A]):
    """Artifacts of one type or of all; the status is walked, never written."""

    list_display = ("title", "id", "status", "visibility", "project_id", "size", "created_at")
    search_help_text = gettext_lazy("Beginning of a name, or of an id (eight digits or more)")
    change_form_template = "admin/catalog/moving_row.html"

    class Media:
        css = {"all": ("catalog/moving_row.css",)}

    @admin.display(description=gettext_lazy("name"))
    def title(self, row: Artifact) -> str:
        return row.name or _("(without a name)")

    @override
    def get_ordering(self, request: HttpRequest) -> list[str | Combinable]:
        """Newest first where an index has that order: the listed rows of one type."""
        one_type = "type" in request.GET or self.model is not Artifact
        listed = request.GET.get("shelf") in (None, "", "any")
        searched = bool(request.GET.get("q"))
        return ["-created_at", "-id"] if one_type and listed and not searched else ["-id"]

    @override
    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[A], search_term: str
    ) -> tuple[QuerySet[A], bool]:
        rows: Any = queryset.annotate(listed_name=Coalesce(F("name"), Value("")))
        return super().get_search_results(request, rows, search_term)

    @override
    def found_by(self, term: str) -> Q:
        if len(term) >= 8 and set(term) <= set("0123456789abcdef-"):
            return begins_with("id", term)
        return Q(type__in=list(types())) & begins_with("listed_name", term)

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
        names = {n for kind in self._kinds() for n in verbs_of(kind)} - {"delete"}
        return sorted(names)

    def _kinds(self) -> list[ArtifactType]:
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
        return _json(row.fields)

    @admin.display(description=gettext_lazy("properties"))
    def shown_properties(self, row: Artifact) -> SafeString:
        return _json(row.properties)

    @admin.display(description=gettext_lazy("violations"))
    def shown_violations(self, row: Artifact) -> SafeString:
        return _json(row.violations)

    @admin.display(description=gettext_lazy("tags"))
    def shown_tags(self, row: Artifact) -> str:
        return ", ".join(row.tags.order_by("value").values_list("value", flat=True))


READ = (
    "id", "status", "shown_violations", "size", "shown_fields", "revision", "doc_version", "created_at",
    "created_by", "updated_at", "updated_by", "activated_at", "deleted_at", "scrubbed_at",
)  # fmt: skip


def _json(value: Any) -> SafeString:
    return preformatted(json.dumps(value, indent=2, ensure_ascii=False))


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
    list_filter = (TypeFilter, ShelfFilter)
    fields = (
        "type", "name", "version", "project_id", "visibility", "protected", "hidden",
        "shown_properties", "shown_tags", *READ,
    )  # fmt: skip

    @override
    def get_list_display(self, request: HttpRequest) -> Any:
        return ["title", "type", *self.list_display[1:]]


@admin.register(Tag)
class TagAdmin(RowAdmin[Tag]):
    """Tags are set on the page of their artifact."""

    list_display = ("value", "artifact")
    list_select_related = ("artifact",)
    ordering = ("value", "artifact_id")
    prefix_fields = ("value",)
    search_help_text = gettext_lazy("Beginning of the tag")


@admin.register(Blob)
class BlobAdmin(RowAdmin[Blob]):
    list_display = ("artifact", "artifact_id", "slot", "key", "status", "content_type")
    list_select_related = ("artifact",)
    prefix_fields = ("artifact_id",)
    search_help_text = gettext_lazy("Beginning of the artifact's id")


@admin.register(Location)
class LocationAdmin(RowAdmin[Location]):
    list_display = ("url", "store", "status", "blob", "created_at")
    list_select_related = ("blob", "stored_object")
    prefix_fields = ("blob__artifact_id",)
    search_help_text = gettext_lazy("Beginning of the artifact's id")


@admin.register(StoredObject)
class StoredObjectAdmin(RowAdmin[StoredObject]):
    list_display = ("key", "store", "state", "size", "references", "lease_until", "created_at")
    search_help_text = gettext_lazy("Beginning of the key, or a whole SHA-512")

    @override
    def found_by(self, term: str) -> Q:
        if len(term) == 128:
            return Q(sha512=term.lower())
        return Q(store__in=distinct(StoredObject, "store")) & begins_with("key", term)


@admin.register(UploadSession)
class UploadSessionAdmin(RowAdmin[UploadSession]):
    """Resumable uploads: how far they are, and ending those that nobody will go on with."""

    list_display = ("id", "artifact", "store", "state", "received", "length", "expires_at")
    list_select_related = ("artifact",)
    ordering = ("expires_at",)
    actions = ("end",)

    @admin.action(permissions=["operate"], description=gettext_lazy("End upload sessions"))
    def end(self, request: HttpRequest, queryset: QuerySet[UploadSession]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        done = self.each(request, ids, sessions.end)
        said = ngettext("%(count)d session is ended.", "%(count)d sessions are ended.", len(done))
        self.message_user(request, said % {"count": len(done)}, messages.SUCCESS)


@admin.register(UploadPart)
class UploadPartAdmin(RowAdmin[UploadPart]):
    """Where the bytes lie that a resumable upload has received; they go with their session."""

    list_display = ("session_id", "start", "size", "stored_object")
    list_select_related = ("stored_object",)
    prefix_fields = ("session_id",)
    search_help_text = gettext_lazy("Beginning of the session's id")
