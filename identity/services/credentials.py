"""Application credentials: made by their user for programs, and ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog.actors import Actor
from catalog.clock import database_time
from catalog.conf import section
from catalog.errors import Invalid
from catalog.events.recording import Change, record
from identity import secrets
from identity.caching import rights_changed
from identity.conf import IdentityConfig
from identity.errors import CredentialInvalid, DelegationForbidden, NameTaken, TooManyCredentials
from identity.models import ApplicationCredential, Assignment, Role, User
from identity.policies import require
from identity.selectors import (
    existing_credential,
    existing_user,
    implications,
    roles_held,
    with_implied,
)
from identity.services.changing import changing, created, locked
from identity.services.users import LONGEST_PASSWORD


@dataclass(frozen=True, slots=True)
class RoleReference:
    """A role by its id or by its name."""

    id: str | None = None
    name: str | None = None


def create_credential(
    user_id: str,
    *,
    name: str,
    description: str = "",
    secret: str | None = None,
    roles: Iterable[RoleReference] = (),
    expires_at: datetime | None = None,
    unrestricted: bool = False,
    actor: Actor,
) -> tuple[ApplicationCredential, str]:
    """A new credential for the caller on its project, and its secret, which is kept nowhere.

    It lends `roles`, or all that the caller acts with. CredentialInvalid for a role that the caller does not act with
    and for an end in the past; NameTaken when the user has a credential of that name; TooManyCredentials when it has
    as many as a user may have.
    """
    require(actor, "create_application_credential", user=user_id)
    _refuse_delegated(actor)
    if actor.project_id is None:
        raise CredentialInvalid("An application credential needs a token scoped to a project.")
    if expires_at is not None and expires_at <= database_time():
        raise CredentialInvalid("expires_at must lie in the future.", attribute="expires_at")
    if secret is not None and not 0 < len(secret) <= LONGEST_PASSWORD:
        raise Invalid(f"A secret must have 1 to {LONGEST_PASSWORD} characters.", attribute="secret")
    told = secret or secrets.new_secret()
    hashed = secrets.hash_chosen(secret) if secret else secrets.hash_made(told)
    taken = NameTaken(f"You have an application credential named {name} already.", name=name)
    with changing(taken):
        existing_user(user_id, among=locked(User.objects.all()))
        _limit(user_id)
        lent = _lent(user_id, actor.project_id, roles, actor)
        row = ApplicationCredential.objects.create(
            user_id=user_id,
            project_id=actor.project_id,
            name=name,
            description=description,
            secret=hashed,
            unrestricted=unrestricted,
            expires_at=expires_at,
        )
        row.roles.set(lent)
        changes = created(row, "name", "user_id", "description", "unrestricted")
        changes["roles"] = Change(new=[role.name for role in lent])
        _record("created", row, actor, changes)
    return row, told


def delete_credential(user_id: str, credential_id: str, *, actor: Actor) -> None:
    """End a credential and the tokens that were made with it."""
    require(actor, "delete_application_credential", user=user_id)
    _refuse_delegated(actor)
    with changing():
        _end(existing_credential(user_id, credential_id), actor)


def end_overdrawn(user_id: str, project_id: str, *, actor: Actor) -> None:
    """End the user's credentials on the project that lend a role which the user has no longer.

    A part of taking a role away, in its transaction.
    """
    rows = ApplicationCredential.objects.filter(user_id=user_id, project_id=project_id)
    found = list(rows.prefetch_related("roles"))
    if not found:
        return
    held = Assignment.objects.filter(user_id=user_id, project_id=project_id)
    left = with_implied(held.values_list("role_id", flat=True), implications())
    for row in found:
        if not {role.pk for role in row.roles.all()} <= left:
            _end(row, actor)


def _limit(user_id: str) -> None:
    most = section(IdentityConfig).application_credentials
    if ApplicationCredential.objects.filter(user_id=user_id).count() >= most:
        raise TooManyCredentials(
            f"You have {most} application credentials, and no user may have more.", limit=most
        )


def _lent(
    user_id: str, project_id: str, asked: Iterable[RoleReference], actor: Actor
) -> list[Role]:
    held = [r for r in roles_held(user_id, project_id) if r.name.lower() in actor.roles]
    wanted = list(asked)
    if not wanted:
        if not held:
            raise CredentialInvalid("You have no role on the project any more.")
        return held
    chosen = {}
    for one in wanted:
        fitting = [r for r in held if one.name == r.name or one.id == r.pk]
        if not fitting:
            raise CredentialInvalid(
                f"You cannot lend the role {one.name or one.id}: you do not act with it.",
                attribute="roles",
            )
        chosen[fitting[0].pk] = fitting[0]
    return list(chosen.values())


def _refuse_delegated(actor: Actor) -> None:
    if actor.delegated:
        raise DelegationForbidden(
            "Who signed in with an application credential may not manage application credentials,"
            " unless that one is unrestricted."
        )


def _end(row: ApplicationCredential, actor: Actor) -> None:
    """The row is held first: who is making a token with it is done by then, and the token goes with it."""
    for held in locked(ApplicationCredential.objects.filter(pk=row.pk)):
        key = held.pk
        held.delete()
        held.pk = key
        rights_changed()
        _record("deleted", held, actor, {"name": Change(old=held.name)})


def _record(
    verb: str, row: ApplicationCredential, actor: Actor, changes: Mapping[str, Change]
) -> None:
    record(
        f"application_credential.{verb}",
        object_type="application_credential",
        object_id=row.pk,
        project_id=row.project_id,
        actor=actor,
        changes=changes,
    )
