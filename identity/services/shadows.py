"""Rows for people whom Keystone knows: Django's sessions and the admin's history need a user to speak of.

A shadow carries no right and no password. It lies in a domain of its own, so its name never meets a local user's.
"""

from django.db import transaction

from catalog.actors import system_actor
from catalog.events.recording import Change, record
from identity.models import Domain, User

DOMAIN = "keystone"
LONGEST_NAME = 255


def shadow(user_id: str, name: str) -> User:
    """The row of Keystone's user, made or renamed if need be; a row that was local before stays as it is."""
    user = User.objects.select_related("domain").filter(pk=user_id).first()
    if user is not None and (user.name == name or user.domain_id != DOMAIN):
        return user
    with transaction.atomic():
        domain, _ = Domain.objects.get_or_create(pk=DOMAIN, defaults={"name": "Keystone"})
        _make_room(name, user_id)
        row, made = User.objects.select_for_update().get_or_create(
            pk=user_id, defaults={"name": name, "domain": domain, "password": "!"}
        )
        old, row.name = row.name, name
        row.save(update_fields=["name"])
        record(
            "user.created" if made else "user.updated",
            object_type="user",
            object_id=row.pk,
            actor=system_actor("sign-in"),
            changes={"name": Change(old=None if made else old, new=name)},
        )
    return row


def shadow_named(name: str) -> User | None:
    """The row of the last one who signed in by this name at Keystone."""
    return User.objects.filter(domain=DOMAIN, name=name).first()


def _make_room(name: str, user_id: str) -> None:
    """Names move on in Keystone: who had this one before is told apart by the id."""
    for other in User.objects.filter(domain=DOMAIN, name=name).exclude(pk=user_id):
        other.name = f"{other.name[: LONGEST_NAME - len(other.pk) - 3]} ({other.pk})"
        other.save(update_fields=["name"])
