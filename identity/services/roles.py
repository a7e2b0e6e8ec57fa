"""Roles and what they imply."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from catalog.actors import Actor
from catalog.events.recording import Change, record
from identity.caching import rights_changed
from identity.errors import ImplicationCircle, ImplicationNotFound, NameTaken
from identity.models import Role, RoleImplication, Token
from identity.policies import require
from identity.selectors import existing_role, implications, with_implied
from identity.services.changing import apply, changing, created, without_nulls


class RoleDetails(TypedDict, total=False):
    description: str
    extra: Mapping[str, Any]


class RoleChanges(RoleDetails, total=False):
    name: str


def create_role(
    *, name: str, description: str = "", extra: Mapping[str, Any] | None = None, actor: Actor
) -> Role:
    """A new role; NameTaken when there is one of that name."""
    require(actor, "create_role")
    with changing(_taken(name)):
        role = Role.objects.create(name=name, description=description, extra=without_nulls(extra))
        _record("created", role.pk, actor, created(role, "name", "description", "extra"))
    return role


def update_role(role_id: str, *, actor: Actor, **values: Unpack[RoleChanges]) -> Role:
    """Rename or describe a role."""
    require(actor, "update_role")
    with changing(_taken(values.get("name", ""))):
        role = existing_role(role_id)
        if changes := apply(role, values):
            rights_changed()
            _record("updated", role_id, actor, changes)
    return role


def delete_role(role_id: str, *, actor: Actor) -> None:
    """Delete a role, its implications and its assignments; tokens of those who had it end."""
    require(actor, "delete_role")
    with changing():
        role = existing_role(role_id)
        Token.objects.filter(user__assignments__role=role).delete()
        role.delete()
        rights_changed()
        _record("deleted", role_id, actor, {"name": Change(old=role.name)})


def imply(prior_id: str, implied_id: str, *, actor: Actor) -> RoleImplication:
    """Let `prior` include `implied`; doing it again changes nothing.

    ImplicationCircle when `implied` includes `prior` already, or is the same.
    """
    require(actor, "create_implied_role")
    with changing():
        prior, implied = existing_role(prior_id), existing_role(implied_id)
        if prior_id in with_implied({implied_id}, implications()):
            raise ImplicationCircle(f"The role {implied} includes {prior} already.")
        row, is_new = RoleImplication.objects.get_or_create(prior=prior, implied=implied)
        if is_new:
            rights_changed()
            _record("updated", prior_id, actor, {"implies": Change(new=implied_id)})
    return row


def no_longer_imply(prior_id: str, implied_id: str, *, actor: Actor) -> None:
    """Undo `imply`; ImplicationNotFound when there is nothing to undo."""
    require(actor, "delete_implied_role")
    with changing():
        rows = RoleImplication.objects.filter(prior=prior_id, implied=implied_id)
        if not rows.delete()[0]:
            raise ImplicationNotFound(f"The role {prior_id} does not imply {implied_id}.")
        rights_changed()
        _record("updated", prior_id, actor, {"implies": Change(old=implied_id)})


def _record(verb: str, role_id: str, actor: Actor, changes: Mapping[str, Change]) -> None:
    record(f"role.{verb}", object_type="role", object_id=role_id, actor=actor, changes=changes)


def _taken(name: str) -> NameTaken:
    return NameTaken(f"There is a role named {name} already.", name=name)
