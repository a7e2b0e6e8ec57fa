"""Operators' view of families: what their names lead to, and where they led before."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from typing_extensions import override

from artifacts.aliases import moves_of
from artifacts.models import Alias
from artifacts.services import aliases
from catalog.administration import ServiceAdmin, begins_with, preformatted
from catalog.api.sessions import staff_actor_of
from images.artifact_type import IMAGES
from images.models import TYPE

SHOWN = 20
CHOICES = [(one, one) for one in aliases.VISIBILITIES]


class FamilyForm(forms.ModelForm[Any]):
    visibility = forms.ChoiceField(choices=CHOICES, label=_("Visibility"))

    class Meta:
        model = Alias
        fields = ("name", "target", "visibility")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target"].required = True


@admin.register(Alias)
class FamilyAdmin(ServiceAdmin[Alias]):
    """A family is moved by another target, and goes back by an action; its name stays."""

    object_type = aliases.OBJECT_TYPE
    form = FamilyForm
    list_display = ("name", "visibility", "project_id", "target", "target_id", "updated_at")
    list_select_related = ("target",)
    ordering = ("name", "id")
    raw_id_fields = ("target",)
    fields = ("name", "target", "visibility", "project_id", "updated_by", "updated_at", "moves")
    readonly_fields = ("project_id", "updated_by", "updated_at", "moves")
    search_help_text = _("Beginning of the name")
    actions = ("delete_selected", "roll_back")

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Alias]:
        return super().get_queryset(request).filter(type=TYPE)

    @override
    def found_by(self, term: str) -> Q:
        return begins_with("name", term)

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: Alias | None = None) -> Any:
        return self.readonly_fields if obj is None else ("name", *self.readonly_fields)

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @override
    def has_change_permission(self, request: HttpRequest, obj: Alias | None = None) -> bool:
        return self.has_view_permission(request)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Alias | None = None) -> bool:
        return self.has_view_permission(request)

    @override
    def write(self, request: HttpRequest, form: Any, row: Alias) -> None:
        actor, given = staff_actor_of(request), form.cleaned_data
        if row._state.adding:  # noqa: SLF001 - documented
            made = aliases.create_alias(
                given["name"],
                given["target"].pk,
                kind=IMAGES,
                actor=actor,
                visibility=given["visibility"],
            )
            row.pk = made.pk
            return
        aliases.change_alias(
            row.pk,
            kind=IMAGES,
            actor=actor,
            target_id=given["target"].pk,
            visibility=given["visibility"],
        )

    @admin.display(description=_("moves, the newest first"))
    def moves(self, row: Alias) -> SafeString:
        found, _more = moves_of(row, limit=SHOWN)
        return preformatted(
            "\n".join(
                f"{one.moved_at:%Y-%m-%d %H:%M:%S}  {one.target_id}  {one.moved_by}"
                for one in found
            )
        )

    @override
    def remove(self, request: HttpRequest, row: Alias) -> None:
        aliases.remove_alias(row.pk, kind=IMAGES, actor=staff_actor_of(request))

    @admin.action(permissions=["operate"], description=_("Lead where it led before"))
    def roll_back(self, request: HttpRequest, queryset: QuerySet[Alias]) -> None:
        actor, ids = staff_actor_of(request), list(queryset.values_list("pk", flat=True))
        done = self.each(request, ids, lambda pk: aliases.roll_back(pk, kind=IMAGES, actor=actor))
        if done:
            said = ngettext("%(count)d leads back.", "%(count)d lead back.", len(done))
            self.message_user(request, said % {"count": len(done)}, messages.SUCCESS)
