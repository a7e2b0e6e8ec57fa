"""Giving roles to users, and taking them back."""

from typing import Unpack

from catalog.actors import Actor
from catalog.events.recording import Change, record
from identity.caching import rights_changed
from identity.errors import AssignmentNotFound
from identity.models import Assignment, Token, User
from identity.policies import require
from identity.selectors import (
    existing_domain,
    existing_project,
    existing_role,
    existing_user,
)
from identity.services.changing import changing, locked
from identity.services.credentials import end_overdrawn
from identity.targets import Target


def assign(user_id: str, role_id: str, *, actor: Actor, **target: Unpack[Target]) -> Assignment:
    """Give a user a role on a project, a domain or the system; doing it again changes nothing."""
    require(actor, "create_grant", **_ids(target))
    with changing():
        existing_user(user_id)
        existing_role(role_id)
        _check(target)
        row, is_new = Assignment.objects.get_or_create(user_id=user_id, role_id=role_id, **target)
        if is_new:
            rights_changed()
            _record("created", user_id, target, actor, Change(new=role_id))
    return row


def unassign(user_id: str, role_id: str, *, actor: Actor, **target: Unpack[Target]) -> None:
    """Take the role back and end the user's tokens for the target; AssignmentNotFound if it has it not."""
    require(actor, "revoke_grant", **_ids(target))
    with changing():
        list(locked(User.objects.filter(pk=user_id)))
        rows = Assignment.objects.filter(user_id=user_id, role_id=role_id, **target)
        if not rows.delete()[0]:
            raise AssignmentNotFound(f"Could not find role assignment with role: {role_id}.")
        Token.objects.filter(user_id=user_id, **target).delete()
        if "project_id" in target:
            end_overdrawn(user_id, target["project_id"], actor=actor)
        rights_changed()
        _record("deleted", user_id, target, actor, Change(old=role_id))


def _check(target: Target) -> None:
    if len(target) != 1:
        raise ValueError("a role counts on exactly one target")
    if "project_id" in target:
        existing_project(target["project_id"])
    if "domain_id" in target:
        existing_domain(target["domain_id"])


def _ids(target: Target) -> dict[str, str | None]:
    return {"project": target.get("project_id"), "domain": target.get("domain_id")}


def _record(verb: str, user_id: str, target: Target, actor: Actor, role: Change) -> None:
    where = {name: Change(new=value) for name, value in target.items()}
    record(
        f"role_assignment.{verb}",
        object_type="user",
        object_id=user_id,
        project_id=target.get("project_id"),
        actor=actor,
        changes={"role_id": role, **where},
    )
