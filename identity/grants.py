"""Reading who has which role where."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Unpack

from django.db.models import QuerySet

from catalog.actors import Actor
from identity.errors import AssignmentNotFound
from identity.hierarchy import below
from identity.models import Assignment, Domain, Project, Role, User
from identity.policies import require
from identity.selectors import (
    existing_domain,
    existing_project,
    existing_user,
    implications,
    with_implied,
)
from identity.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentFilter:
    """Which assignments are asked for; None and False leave a side open."""

    user_id: str | None = None
    role_id: str | None = None
    project_id: str | None = None
    domain_id: str | None = None
    system: bool = False
    effective: bool = False
    subtree: bool = False
    nobody: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A user has a role somewhere: by `source_role_id` itself, or by what that implies."""

    user: User
    role: Role
    project: Project | None
    domain: Domain | None
    source_role_id: str


def ask(actor: Actor, question: AssignmentFilter) -> list[Grant]:
    """The grants that answer; with `effective` the implied ones too, of enabled users only."""
    require(
        actor,
        "list_role_assignments",
        user=question.user_id,
        project=question.project_id,
        domain=question.domain_id,
    )
    if question.nobody:
        return []
    rows = _rows(question)
    if not question.effective:
        rows = rows.filter(role_id=question.role_id) if question.role_id else rows
        return [_grant(row, row.role) for row in rows]
    found = _expanded(rows)
    return [g for g in found if question.role_id in (None, g.role.pk)]


def roles_on(actor: Actor, user_id: str, **target: Unpack[Target]) -> list[Role]:
    """The roles that the user was given on the target, implied ones not counted."""
    require(actor, "list_grants", project=target.get("project_id"), domain=target.get("domain_id"))
    existing_user(user_id)
    _exists(target)
    held = Assignment.objects.filter(user_id=user_id, **target)
    return list(Role.objects.filter(assignments__in=held).order_by("name"))


def check(actor: Actor, user_id: str, role_id: str, **target: Unpack[Target]) -> None:
    """AssignmentNotFound unless the user was given the role on the target."""
    require(actor, "check_grant", project=target.get("project_id"), domain=target.get("domain_id"))
    if not Assignment.objects.filter(user_id=user_id, role_id=role_id, **target).exists():
        raise AssignmentNotFound(f"Could not find role assignment with role: {role_id}.")


def _exists(target: Target) -> None:
    if "project_id" in target:
        existing_project(target["project_id"])
    if "domain_id" in target:
        existing_domain(target["domain_id"])


def _rows(question: AssignmentFilter) -> QuerySet[Assignment]:
    rows = Assignment.objects.select_related(
        "user__domain", "role", "project__domain", "domain"
    ).order_by("user__name", "role__name", "pk")
    if question.user_id is not None:
        rows = rows.filter(user_id=question.user_id)
    if question.project_id is not None:
        ids = [question.project_id]
        if question.subtree:
            ids += [row.pk for level in below(ids) for row in level]
        rows = rows.filter(project_id__in=ids)
    if question.domain_id is not None:
        rows = rows.filter(domain_id=question.domain_id)
    if question.system:
        rows = rows.filter(system=True)
    return rows


def _expanded(rows: Iterable[Assignment]) -> list[Grant]:
    graph = implications()
    roles = Role.objects.in_bulk()
    found: dict[tuple[str, str | None, str | None, str], Grant] = {}
    for row in rows:
        for role_id in sorted(with_implied({row.role_id}, graph), key=lambda i: roles[i].name):
            key = (row.user_id, row.project_id, row.domain_id, role_id)
            grant = _grant(row, roles[role_id])
            if key not in found or grant.source_role_id == role_id:
                found[key] = grant
    return list(found.values())


def _grant(row: Assignment, role: Role) -> Grant:
    return Grant(
        user=row.user,
        role=role,
        project=row.project,
        domain=row.domain,
        source_role_id=row.role_id,
    )
