"""Django's side of signing in while Keystone knows the users."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from typing_extensions import override

from catalog.conf import section
from identity import throttle
from identity.backends import RETRY_AFTER, UNREACHABLE, PasswordBackend, user_of_session
from identity.errors import KeystoneUnavailable, SignInSlowed
from identity.keystone import encrypted_tokens, people
from identity.keystone.conf import KeystoneConfig
from identity.models import DEFAULT_DOMAIN, User
from identity.services.shadows import shadow, shadow_named


class KeystoneBackend(BaseBackend):
    """By Keystone's user name and password; who is refused may still be a local administrator."""

    @override
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> User | None:
        if request is None or not username or not password or "\x00" in username:
            return None
        try:
            attempt = _Attempt(username, request.META.get("REMOTE_ADDR", ""))
            person = attempt.prove(password)
            staff = person is not None and person.staff_actor() is not None
        except SignInSlowed as error:
            setattr(request, RETRY_AFTER, error.facts["retry_after"])
            return None
        except KeystoneUnavailable:
            setattr(request, UNREACHABLE, True)
            return None
        if person is None:
            return None
        user = shadow(person.user_id, person.name)
        if not user.is_active:
            return None
        attempt.succeeded(user)
        user.is_staff = staff
        if request.session.get(SESSION_KEY) != user.pk:
            request.session.flush()  # as `login` would do, and then it would flush the token too
        encrypted_tokens.keep(request, person.token)
        return user

    @override
    def get_user(self, user_id: str) -> User | None:
        """The row behind a session; the middleware sees to it that Keystone still knows the person."""
        return user_of_session(user_id)


class LocalAdminBackend(PasswordBackend):
    """The way in when Keystone is away: local administrators, nobody else, unless `local_admins` is off."""

    @override
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **options: Any,
    ) -> User | None:
        if not section(KeystoneConfig).local_admins or username is None:
            return None
        if not _is_local_admin(username):
            return None
        try:
            return super().authenticate(request, username, password, **options)
        except PermissionDenied:
            return None

    @override
    def get_user(self, user_id: str) -> User | None:
        user = super().get_user(user_id)
        if user is None or not section(KeystoneConfig).local_admins or not user.is_staff:
            return None
        return user


class _Attempt:
    """Signing in under a name from an address, slowed down as `identity.throttle` says."""

    def __init__(self, username: str, address: str) -> None:
        self._name = username
        self._source = throttle.network(address)
        who = shadow_named(username)
        known = who is not None and throttle.is_known(who.pk, self._source)
        self._binding = throttle.counters(f"keystone {username}"[:255], self._source, known=known)

    def prove(self, password: str) -> people.Person | None:
        """Who it is by Keystone's word, or None; SignInSlowed after wrong passwords before."""
        throttle.check(self._binding)
        person = people.sign_in(self._name, password)
        if person is None:
            throttle.failed(self._binding)
        return person

    def succeeded(self, user: User) -> None:
        """Know the address from now on: strangers who guess elsewhere do not slow this user down here."""
        throttle.succeeded(user.pk, self._source, self._binding)


def _is_local_admin(username: str) -> bool:
    rows = User.objects.select_related("domain")
    user = rows.filter(name=username, domain=DEFAULT_DOMAIN).first()
    return user is not None and user.is_staff
