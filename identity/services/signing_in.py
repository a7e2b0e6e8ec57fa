"""Proving who one is by a password."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.crypto import salted_hmac
from typing_extensions import override

from catalog.actors import Actor
from catalog.events.recording import Change, record
from identity import throttle
from identity.errors import SignInFailed
from identity.models import DEFAULT_DOMAIN, FailedLogin, KnownAddress, User
from identity.policies import require

log = logging.getLogger(__name__)

REFUSED = "The request you have made requires authentication."


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReference:
    """How somebody says who they are: by id, or by name and the id or name of a domain."""

    id: str | None = None
    name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None

    @override
    def __str__(self) -> str:
        if self.id is not None:
            return self.id
        return f"{self.name} of {self.domain_id or self.domain_name}"


def in_default_domain(name: str) -> UserReference:
    return UserReference(name=name, domain_id=DEFAULT_DOMAIN)


def prove(reference: UserReference, password: str, *, address: str) -> User:
    """The user whose password this is.

    SignInFailed otherwise, after the same work whether there is such a user or not; SignInSlowed, without any
    work, after wrong passwords before (`identity.throttle`). `address` is the client's IP address.
    """
    user = _find(reference)
    source = throttle.network(address)
    who = user.pk if user else _nobody(reference)
    known = throttle.is_known(who, source)
    binding = throttle.counters(who, source, known=known)
    throttle.check(binding)
    if not _fits(user, password) or user is None or not user.is_active:
        throttle.failed(binding)
        log.warning("a sign-in failed", extra={"user": who, "address": address})
        raise SignInFailed(REFUSED)
    throttle.succeeded(user.pk, source, binding)
    return user


def forgive(keys: Collection[str], *, actor: Actor) -> None:
    """Forget the failed attempts that these counters remember."""
    require(actor, "update_user")
    with transaction.atomic():
        rows = FailedLogin.objects.filter(pk__in=keys)
        for row in rows:
            change = {"failures": Change(old=row.failures, new=0)}
            record(
                "failed_login.forgiven",
                object_type="failed_login",
                object_id=row.key,
                actor=actor,
                changes=change,
            )
        rows.delete()


def forget_address(row: KnownAddress, *, actor: Actor) -> None:
    """Let the address be as strange to the user as any other."""
    require(actor, "update_user", user=row.user_id)
    with transaction.atomic():
        row.delete()
        change = {"known_address": Change(old=row.address)}
        record(
            "user.updated", object_type="user", object_id=row.user_id, actor=actor, changes=change
        )


def _find(reference: UserReference) -> User | None:
    rows = User.objects.select_related("domain")
    if reference.id is not None:
        return rows.filter(pk=reference.id).first()
    if reference.domain_id is not None:
        return rows.filter(name=reference.name, domain_id=reference.domain_id).first()
    return rows.filter(name=reference.name, domain__name=reference.domain_name).first()


def _nobody(reference: UserReference) -> str:
    """A name for counters and logs that tells nothing: people type passwords where names belong."""
    return f"nobody-{salted_hmac('identity.nobody', str(reference)).hexdigest()[:16]}"


def _fits(user: User | None, password: str) -> bool:
    if user is None:
        make_password(password)
        return False
    return user.check_password(password)
