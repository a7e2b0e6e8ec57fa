"""Limits that this service keeps itself. Numbers count always (of images, unless `images.limits` is `keystone`), the
others while it is `local`.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from catalog import adminlinks
from catalog.administration import M, ServiceAdmin
from catalog.api.sessions import staff_actor_of
from images.limits.resources import NAMES
from images.models import ProjectLimit, RegisteredLimit
from images.services import limits

adminlinks.provide("limit", adminlinks.found_in(RegisteredLimit))

HELP = _("A number from 0 up (sizes in MiB), or -1 for no limit.")
RESOURCES = [(str(one), str(one)) for one in NAMES]


class RegisteredLimitForm(forms.ModelForm[Any]):
    resource = forms.ChoiceField(choices=RESOURCES, label=_("resource"))
    limit = forms.IntegerField(label=_("limit"), help_text=HELP)

    class Meta:
        model = RegisteredLimit
        fields = ("resource", "limit")


class ProjectLimitForm(RegisteredLimitForm):
    class Meta:
        model = ProjectLimit
        fields = ("project_id", "resource", "limit")


class _LimitAdmin(ServiceAdmin[M]):
    """What the row is about stays; its limit changes."""

    fixed: tuple[str, ...] = ("resource",)

    @override
    def told_as(self, row: Any) -> tuple[str, str]:
        return "limit", row.resource

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> Any:
        return () if obj is None else self.fixed

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @override
    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.has_view_permission(request)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.has_view_permission(request)


@admin.register(RegisteredLimit)
class RegisteredLimitAdmin(_LimitAdmin[RegisteredLimit]):
    """Limits of all projects."""

    form = RegisteredLimitForm
    list_display = ("resource", "limit")
    ordering = ("resource",)
    prefix_fields = ("resource",)
    search_fields = ("resource",)
    search_help_text = _("Beginning of the resource's name")

    @override
    def write(self, request: HttpRequest, form: Any, row: RegisteredLimit) -> None:
        limits.set_default(row.resource, row.limit, actor=staff_actor_of(request))

    @override
    def remove(self, request: HttpRequest, row: RegisteredLimit) -> None:
        limits.set_default(row.resource, None, actor=staff_actor_of(request))


@admin.register(ProjectLimit)
class ProjectLimitAdmin(_LimitAdmin[ProjectLimit]):
    """Limits of single projects, which count instead of those of all."""

    form = ProjectLimitForm
    fixed = ("project_id", "resource")
    list_display = ("project_id", "resource", "limit")
    ordering = ("project_id", "resource")
    prefix_fields = ("project_id",)
    search_fields = ("project_id",)
    search_help_text = _("Beginning of the project's id")

    @override
    def write(self, request: HttpRequest, form: Any, row: ProjectLimit) -> None:
        row.pk = limits.set_for_project(
            row.project_id, row.resource, row.limit, actor=staff_actor_of(request)
        )

    @override
    def remove(self, request: HttpRequest, row: ProjectLimit) -> None:
        limits.set_for_project(row.project_id, row.resource, None, actor=staff_actor_of(request))
