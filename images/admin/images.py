"""Operators' view of images: as the API lets an administrator change them, and no further."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from artifacts.admin import READ, CataloguedAdmin, provide
from artifacts.admin.lists import (
    FormatFilter,
    ProjectFilter,
    ShelfFilter,
    SizeFilter,
    StatusFilter,
)
from artifacts.models import Artifact, Member
from artifacts.types import ArtifactType
from artifacts.visibility import COMMUNITY, PRIVATE, PUBLIC, SHARED
from catalog.administration import ServiceAdmin
from catalog.api.sessions import staff_actor_of
from catalog.conf import section
from catalog.jsonpatch import Add, Operation, Remove, Replace
from images.artifact_type import IMAGES
from images.conf import ImagesConfig
from images.models import TYPE, Image
from images.selectors import image_for, member_to_write
from images.services import members, metadata, states

provide(
    TYPE,
    {
        "deactivate": states.deactivate,
        "reactivate": states.reactivate,
        "delete": states.delete_image,
        "restore": states.restore_image,
    },
)

WIRE = {column: wire for wire, column in metadata.COLUMN.items()}
ANSWERS = [(one, one) for one in members.STATUSES]


class ImageForm(forms.ModelForm[Any]):
    """The changeable fields; tags one a line."""

    visibility = forms.ChoiceField(
        choices=[(one, one) for one in (PUBLIC, COMMUNITY, SHARED, PRIVATE)], label=_("Visibility")
    )
    disk_format = forms.ChoiceField(required=False, label=_("Disk format"))
    container_format = forms.ChoiceField(required=False, label=_("Container format"))
    tags = forms.CharField(
        required=False, label=_("Tags"), widget=forms.Textarea, help_text=_("One a line.")
    )
    properties = forms.JSONField(
        required=False, label=_("Properties"), help_text=_("A JSON object of texts.")
    )

    class Meta:
        model = Image
        fields = (*WIRE, "properties")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        config = section(ImagesConfig)
        self._offer("disk_format", config.disk_formats)
        self._offer("container_format", config.container_formats)
        if self.instance.pk and "tags" in self.fields:
            tags = self.instance.tags.order_by("value").values_list("value", flat=True)
            self.initial["tags"] = "\n".join(tags)

    def _offer(self, name: str, formats: Iterable[str]) -> None:
        """The formats of this site, and the one that the image has."""
        if isinstance(field := self.fields.get(name), forms.ChoiceField):
            have = getattr(self.instance, name)
            known = dict.fromkeys([*formats, *([have] if have else [])])
            field.choices = [("", _("(none)")), *((one, one) for one in known)]

    def clean_disk_format(self) -> str | None:
        return self.cleaned_data["disk_format"] or None

    def clean_container_format(self) -> str | None:
        return self.cleaned_data["container_format"] or None

    def clean_tags(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["tags"].splitlines()]
        return list(dict.fromkeys(line for line in lines if line))

    def clean_properties(self) -> dict[str, Any]:
        found = self.cleaned_data["properties"] or {}
        if not isinstance(found, dict):
            raise forms.ValidationError(_("Properties are a JSON object."))
        return found

    def operations(self) -> list[Operation]:
        """What was changed, as a patch."""
        found: list[Operation] = [
            Replace((WIRE[name],), self.cleaned_data[name])
            for name in self.changed_data
            if name in WIRE
        ]
        if "tags" in self.changed_data:
            found.append(Replace(("tags",), self.cleaned_data["tags"]))
        if "properties" in self.changed_data:
            before, after = self.initial["properties"], self.cleaned_data["properties"]
            found += [Remove((key,)) for key in before if key not in after]
            found += [Add((k,), v) for k, v in after.items() if k not in before or before[k] != v]
        return found


class DiskFormatFilter(FormatFilter):
    title = _("disk format")
    parameter_name = key = "disk_format"

    @override
    def offered(self) -> Iterable[str]:
        return section(ImagesConfig).disk_formats


class ContainerFormatFilter(FormatFilter):
    title = _("container format")
    parameter_name = key = "container_format"

    @override
    def offered(self) -> Iterable[str]:
        return section(ImagesConfig).container_formats


@admin.register(Image)
class ImageAdmin(CataloguedAdmin[Image]):
    object_type = IMAGES.resource_type
    form = ImageForm
    list_display = (
        "title", "id", "status", "visibility", "disk_format", "project", "shown_size", "created_at",
    )  # fmt: skip
    list_filter = (
        ShelfFilter, StatusFilter, DiskFormatFilter, ContainerFormatFilter, SizeFilter, ProjectFilter,
    )  # fmt: skip
    fields = (*WIRE, "properties", "tags", *READ)
    readonly_fields = READ

    @override
    def has_change_permission(self, request: HttpRequest, obj: Image | None = None) -> bool:
        return self.has_view_permission(request) and (obj is None or obj.deleted_at is None)

    @override
    def get_fields(self, request: HttpRequest, obj: Image | None = None) -> Any:
        """A deleted image has no form, so its properties and tags are shown as text."""
        if self.has_change_permission(request, obj):
            return self.fields
        return (*WIRE, "shown_properties", "shown_tags", *READ)

    @override
    def kinds(self) -> list[ArtifactType]:
        return [IMAGES]

    @override
    def write(self, request: HttpRequest, form: ImageForm, row: Image) -> None:
        metadata.patch_image(row.pk, form.operations(), actor=staff_actor_of(request))


class MemberForm(forms.ModelForm[Any]):
    status = forms.ChoiceField(choices=ANSWERS, label=_("status"))

    class Meta:
        model = Member
        fields = ("artifact", "member_id", "status")


@admin.register(Member)
class MemberAdmin(ServiceAdmin[Member]):
    """Projects that images are shared with."""

    form = MemberForm
    list_display = ("member_id", "status", "artifact", "artifact_id", "updated_at")
    list_select_related = ("artifact",)
    raw_id_fields = ("artifact",)
    readonly_fields = ("created_at", "updated_at")
    prefix_fields = ("member_id",)
    search_help_text = _("Beginning of the project's id")

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: Member | None = None) -> Any:
        return (
            self.readonly_fields
            if obj is None
            else ("artifact", "member_id", *self.readonly_fields)
        )

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @override
    def has_change_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        return self.has_view_permission(request)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        return self.has_view_permission(request)

    @override
    def write(self, request: HttpRequest, form: Any, row: Member) -> None:
        actor = staff_actor_of(request)
        image, wanted = self._image(request, row), form.cleaned_data["status"]
        if row._state.adding:  # noqa: SLF001 - documented
            row.pk = members.add_member(image, row.member_id, actor=actor).pk
        stored = member_to_write(actor, image, row.member_id)
        if stored.status != wanted:
            members.answer(image, stored, wanted, actor=actor)

    @override
    def remove(self, request: HttpRequest, row: Member) -> None:
        members.remove_member(self._image(request, row), row, actor=staff_actor_of(request))

    @override
    def told_as(self, row: Member) -> tuple[str, str]:
        return IMAGES.resource_type, row.artifact_id

    def _image(self, request: HttpRequest, row: Member) -> Artifact:
        return image_for(staff_actor_of(request), row.artifact_id)
