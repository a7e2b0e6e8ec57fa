"""Assignments and implications, on the pages of what they belong to: added and removed, never altered."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from typing_extensions import override

from catalog.actors import Actor
from catalog.adminforms import LabelledInline
from identity.models import Assignment, Project, Role, RoleImplication, User
from identity.services.assignments import assign, unassign
from identity.services.roles import imply, no_longer_imply
from identity.sessions import staff_actor_of
from identity.targets import Target

M = TypeVar("M", bound=Model)
P = TypeVar("P", bound=Model)


class _AddAndRemove(LabelledInline[M, P]):
    related: tuple[str, ...] = ()

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        return super().get_queryset(request).select_related(*self.related)

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class UserAssignmentInline(_AddAndRemove[Assignment, User]):
    model = Assignment
    fields = ("role", "project", "domain", "system")
    autocomplete_fields = ("role", "project", "domain")
    related = ("role", "project", "domain")


class ProjectAssignmentInline(_AddAndRemove[Assignment, Project]):
    model = Assignment
    fields = ("user", "role")
    autocomplete_fields = ("user", "role")
    related = ("user", "role", "project")


class ImplicationInline(_AddAndRemove[RoleImplication, Role]):
    model = RoleImplication
    fk_name = "prior"
    fields = ("implied",)
    autocomplete_fields = ("implied",)
    related = ("prior", "implied")


def target_of(row: Assignment) -> Target:
    """Where the assignment counts, as services take it."""
    if row.project_id is not None:
        return {"project_id": row.project_id}
    if row.domain_id is not None:
        return {"domain_id": row.domain_id}
    return {"system": True}


def save_inline(request: HttpRequest, formset: Any) -> None:
    """Give and take by the services what a formset of the inlines says."""
    actor = staff_actor_of(request)
    added = formset.save(commit=False)
    for row in formset.deleted_objects:
        row.refresh_from_db()  # the form has emptied the fields that it did not show
        _take(row, actor)
    for row in added:
        _give(row, actor)


def _give(row: Assignment | RoleImplication, actor: Actor) -> None:
    if isinstance(row, RoleImplication):
        imply(row.prior_id, row.implied_id, actor=actor)
    else:
        assign(row.user_id, row.role_id, actor=actor, **target_of(row))


def _take(row: Assignment | RoleImplication, actor: Actor) -> None:
    if isinstance(row, RoleImplication):
        no_longer_imply(row.prior_id, row.implied_id, actor=actor)
    else:
        unassign(row.user_id, row.role_id, actor=actor, **target_of(row))
