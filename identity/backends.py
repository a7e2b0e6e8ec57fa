"""Django's side of signing in: the admin and the pages, with the same proof and the same slowness as tokens."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from typing_extensions import override

from identity.errors import SignInFailed, SignInSlowed
from identity.models import User
from identity.services.signing_in import in_default_domain, prove

RETRY_AFTER = "sign_in_retry_after"
UNREACHABLE = "sign_in_unreachable"


class PasswordBackend(BaseBackend):
    """Users of the domain Default sign in by name; `request.sign_in_retry_after` tells of slowed attempts."""

    @override
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> User | None:
        if username is None or password is None or "\x00" in username:
            return None
        address = request.META.get("REMOTE_ADDR", "") if request is not None else ""
        try:
            return prove(in_default_domain(username), password, address=address)
        except SignInFailed:
            return None
        except SignInSlowed as error:
            if request is not None:
                setattr(request, RETRY_AFTER, error.facts["retry_after"])
            raise PermissionDenied(error.message) from None

    @override
    def get_user(self, user_id: str) -> User | None:
        return user_of_session(user_id)


def user_of_session(user_id: str) -> User | None:
    """The user of a session; None, which ends the session, once it is disabled."""
    user = User.objects.select_related("domain").filter(pk=user_id).first()
    return user if user is not None and user.is_active else None
