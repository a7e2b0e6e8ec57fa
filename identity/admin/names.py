"""Domains, projects and roles."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from catalog.actors import Actor
from identity.admin.adapters import ServiceAdmin
from identity.admin.inlines import ImplicationInline, ProjectAssignmentInline, save_inline
from identity.models import Domain, Project, Role
from identity.selectors import tags_of
from identity.services import domains, projects, roles


@admin.register(Domain)
class DomainAdmin(ServiceAdmin[Domain]):
    object_type = "domain"
    list_display = ("name", "id", "enabled", "description")
    search_fields = ("name__startswith",)
    ordering = ("name",)
    fields = ("name", "description", "enabled")

    @override
    def create(self, values: dict[str, Any], *, actor: Actor) -> Domain:
        return domains.create_domain(actor=actor, **values)

    @override
    def update(self, row: Domain, values: dict[str, Any], *, actor: Actor) -> Domain:
        return domains.update_domain(row.pk, actor=actor, **values)

    @override
    def remove(self, row: Domain, *, actor: Actor) -> None:
        domains.delete_domain(row.pk, actor=actor)


@admin.register(Project)
class ProjectAdmin(ServiceAdmin[Project]):
    object_type = "" if settings.KEYSTONE else "project"  # else there are no rows of projects
    list_display = ("name", "id", "domain", "enabled", "description")
    list_filter = ("enabled", "domain")
    list_select_related = ("domain",)
    search_fields = ("name__startswith", "id__exact")
    ordering = ("name", "id")
    fields = ("name", "domain", "parent", "description", "enabled", "tag_names")
    readonly_fields = ("tag_names",)
    fixed = ("domain", "parent")
    autocomplete_fields = ("domain", "parent")
    inlines = (ProjectAssignmentInline,)

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        return super().get_queryset(request).select_related("domain", "parent")

    @admin.display(description=_("tags"))
    def tag_names(self, row: Project) -> str:
        return ", ".join(tags_of(row)) if row.pk else ""

    @override
    def create(self, values: dict[str, Any], *, actor: Actor) -> Project:
        return projects.create_project(actor=actor, **values)

    @override
    def update(self, row: Project, values: dict[str, Any], *, actor: Actor) -> Project:
        return projects.update_project(row.pk, actor=actor, **values)

    @override
    def remove(self, row: Project, *, actor: Actor) -> None:
        projects.delete_project(row.pk, actor=actor)

    @override
    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        save_inline(request, formset)


@admin.register(Role)
class RoleAdmin(ServiceAdmin[Role]):
    object_type = "role"
    list_display = ("name", "id", "description")
    search_fields = ("name__startswith",)
    ordering = ("name",)
    fields = ("name", "description")
    inlines = (ImplicationInline,)

    @override
    def create(self, values: dict[str, Any], *, actor: Actor) -> Role:
        return roles.create_role(actor=actor, **values)

    @override
    def update(self, row: Role, values: dict[str, Any], *, actor: Actor) -> Role:
        return roles.update_role(row.pk, actor=actor, **values)

    @override
    def remove(self, row: Role, *, actor: Actor) -> None:
        roles.delete_role(row.pk, actor=actor)

    @override
    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        save_inline(request, formset)
