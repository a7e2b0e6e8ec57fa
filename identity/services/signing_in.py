"""Proving who one is by a password, or by the secret of an application credential."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.crypto import salted_hmac
from typing_extensions import override

from catalog.actors import Actor
from catalog.clock import database_time
from catalog.events.recording import Change, record
from identity import hashing, secrets, throttle
from identity.errors import SignInFailed
from identity.models import (
    DEFAULT_DOMAIN,
    ApplicationCredential,
    FailedLogin,
    KnownAddress,
    User,
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialReference:
    """An application credential: by id, or by its name and its user."""

    id: str | None = None
    name: str | None = None
    user: UserReference | None = None

    @override
    def __str__(self) -> str:
        return self.id if self.id is not None else f"{self.name} of {self.user}"


def prove(reference: UserReference, password: str, *, address: str) -> User:
    """The user whose password this is.

    SignInFailed otherwise, after the same work whether there is such a user or not; SignInSlowed, without any
    work, after wrong passwords before (`identity.throttle`); SignInsCrowded while too many strangers try theirs
    (`identity.hashing`). `address` is the client's IP address.
    """
    user = _find(reference)
    source = throttle.network(address)
    who = user.pk if user else _nobody(reference)
    known = throttle.is_known(who, source)
    binding = throttle.counters(who, source, known=known)
    with _checked(binding, known=known):
        fits = _fits(user, password)
        if not fits or user is None or not user.is_active:
            throttle.failed(binding)
            log.warning("a sign-in failed", extra={"user": who, "address": address})
            raise SignInFailed(REFUSED)
    throttle.succeeded(user.pk, source, binding)
    return user


def prove_credential(
    reference: CredentialReference, secret: str, *, address: str
) -> ApplicationCredential:
    """The application credential whose secret this is; refusals as `prove`.

    A secret that was made here is right or wrong at once and nobody guesses it: the right one is never slowed down.
    Every wrong one costs the same work.
    """
    row = _find_credential(reference)
    if row is not None and secrets.is_made(row.secret) and secrets.fits(secret, row.secret):
        return _usable(row)
    source = throttle.network(address)
    who = f"credential {row.pk}" if row else _nobody(reference)
    binding = throttle.counters(who, source, known=False)
    with _checked(binding, known=False):
        if row is None or secrets.is_made(row.secret):
            make_password(secret)
        elif secrets.fits(secret, row.secret):
            throttle.forget(binding)
            return _usable(row)
        throttle.failed(binding)
    log.warning("a sign-in failed", extra={"application_credential": who, "address": address})
    raise SignInFailed(REFUSED)


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


@contextmanager
def _checked(binding: tuple[throttle.Counter, ...], *, known: bool) -> Iterator[None]:
    """For one attempt that may be made; strangers make theirs, and have it counted, one after the other."""
    throttle.check(binding)
    if known:
        yield
        return
    with hashing.permit():
        throttle.check(binding)  # others may have failed while this one queued
        yield


def _find(reference: UserReference) -> User | None:
    rows = User.objects.select_related("domain")
    if reference.id is not None:
        return rows.filter(pk=reference.id).first()
    if reference.domain_id is not None:
        return rows.filter(name=reference.name, domain_id=reference.domain_id).first()
    return rows.filter(name=reference.name, domain__name=reference.domain_name).first()


def _find_credential(reference: CredentialReference) -> ApplicationCredential | None:
    rows = ApplicationCredential.objects.select_related("user__domain")
    if reference.id is not None:
        return rows.filter(pk=reference.id).first()
    user = _find(reference.user) if reference.user else None
    return rows.filter(user=user, name=reference.name).first() if user else None


def _usable(row: ApplicationCredential) -> ApplicationCredential:
    if row.expires_at is not None and row.expires_at <= database_time():
        raise SignInFailed("The application credential has expired.")
    if not row.user.is_active:
        raise SignInFailed(REFUSED)
    return row


def _nobody(reference: UserReference | CredentialReference) -> str:
    """A name for counters and logs that tells nothing: people type passwords where names belong."""
    return f"nobody-{salted_hmac('identity.nobody', str(reference)).hexdigest()[:16]}"


def _fits(user: User | None, password: str) -> bool:
    if user is None:
        make_password(password)
        return False
    return user.check_password(password)
