"""Operators' view of what belongs to artifacts: tags, blobs, where their bytes lie, and uploads under way."""

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, ngettext
from typing_extensions import override

from artifacts.models import Blob, Location, StoredObject, Tag, UploadPart, UploadSession
from artifacts.services import sessions
from catalog.administration import RowAdmin, begins_with, distinct


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
