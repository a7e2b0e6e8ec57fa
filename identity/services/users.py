"""Users: made, changed, deleted. Passwords are hashed here and never recorded."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from django.contrib.auth.hashers import make_password

from catalog.actors import Actor
from catalog.errors import Invalid
from catalog.events.recording import Change, record
from identity.caching import rights_changed
from identity.errors import NameTaken
from identity.models import DEFAULT_DOMAIN, User
from identity.policies import require
from identity.selectors import existing_domain, existing_project, existing_user
from identity.services import revoking
from identity.services.changing import (
    NOTHING,
    apply,
    changing,
    created,
    locked,
    pointing,
    refuse_others,
    without_nulls,
)

LONGEST_PASSWORD = 4096
RECORDED = (
    *("name", "domain_id", "email", "description", "enabled", "default_project_id"),
    "extra",
)


class UserDetails(TypedDict, total=False):
    email: str
    extra: Mapping[str, Any]
    description: str
    enabled: bool
    default_project_id: str | None
    password: str | None


class UserChanges(UserDetails, total=False):
    name: str


def create_user(
    *,
    name: str,
    domain_id: str = DEFAULT_DOMAIN,
    password: str | None = None,
    email: str = "",
    description: str = "",
    enabled: bool = True,
    default_project_id: str | None = None,
    extra: Mapping[str, Any] | None = None,
    actor: Actor,
) -> User:
    """A new user; without a password nobody can sign in as it.

    NameTaken when the domain has a user of that name.
    """
    require(actor, "create_user", domain=domain_id)
    hashed = hash_password(password)
    with changing(_taken(name)):
        domain = existing_domain(domain_id)
        if default_project_id is not None:
            with pointing("user.default_project_id"):
                existing_project(default_project_id)
        user = User.objects.create(
            name=name,
            domain=domain,
            password=hashed,
            email=email,
            description=description,
            enabled=enabled,
            default_project_id=default_project_id,
            extra=without_nulls(extra),
        )
        _record("created", user.pk, actor, created(user, *RECORDED))
    return user


def update_user(
    user_id: str,
    *,
    actor: Actor,
    fixed: Mapping[str, str | None] = NOTHING,
    **values: Unpack[UserChanges],
) -> User:
    """Change a user; a new password and disabling end its tokens and its sessions."""
    require(actor, "update_user", user=user_id)
    hashed = hash_password(values.pop("password")) if "password" in values else None
    with changing(_taken(values.get("name", ""))):
        user = existing_user(user_id, among=locked(User.objects.all()))
        refuse_others(fixed, {"domain_id": user.domain_id})
        if (project_id := values.get("default_project_id")) is not None:
            with pointing("user.default_project_id"):
                existing_project(project_id)
        changes = apply(user, values)
        if hashed is not None:
            changes["password"] = Change()
        if hashed is not None or ("enabled" in changes and not user.enabled):
            _end_access(user, hashed)
        if changes:
            rights_changed()
            _record("updated", user_id, actor, changes)
    return user


def set_password(user_id: str, password: str, *, actor: Actor) -> User:
    """Give a user another password."""
    return update_user(user_id, actor=actor, password=password)


def change_own_password(user: User, password: str, *, actor: Actor) -> None:
    """Give a user, who has just proved the old password, another one."""
    hashed = hash_password(password)
    with changing():
        row = existing_user(user.pk, among=locked(User.objects.all()))
        _end_access(row, hashed)
        _record("updated", user.pk, actor, {"password": Change()})


def delete_user(user_id: str, *, actor: Actor) -> None:
    """Delete a user with its assignments, tokens and sessions."""
    require(actor, "delete_user", user=user_id)
    with changing():
        user = existing_user(user_id, among=locked(User.objects.all()))
        user.delete()
        rights_changed()
        _record("deleted", user_id, actor, {"name": Change(old=user.name)})


def hash_password(password: str | None) -> str:
    """The hash to keep; one that fits nothing for None. Invalid for an empty or overlong password."""
    if password is not None and not 0 < len(password) <= LONGEST_PASSWORD:
        raise Invalid(
            f"A password must have 1 to {LONGEST_PASSWORD} characters.", attribute="password"
        )
    return make_password(password)


def _end_access(user: User, hashed: str | None) -> None:
    user.epoch += 1
    if hashed is not None:
        user.password = hashed
    user.save(update_fields=["epoch", "password"])
    revoking.end_tokens(user_id=user.pk)


def _record(verb: str, user_id: str, actor: Actor, changes: Mapping[str, Change]) -> None:
    record(f"user.{verb}", object_type="user", object_id=user_id, actor=actor, changes=changes)


def _taken(name: str) -> NameTaken:
    return NameTaken(
        f"It is not permitted to have two users named {name} in the same domain.", name=name
    )
