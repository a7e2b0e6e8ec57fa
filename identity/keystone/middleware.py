"""Who is behind a session, asked anew at every request that has one: Keystone's word is remembered for a while only."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from catalog.api.error_responses import ProblemDialect
from identity.errors import KeystoneUnavailable
from identity.keystone import encrypted_tokens, people
from identity.sessions import BEHIND, Behind

OURS = "identity.keystone.backends.KeystoneBackend"


class KeystoneSessionMiddleware:
    """Ends the session when Keystone no longer knows its token; opens the admin for whom Keystone calls admin.

    While Keystone does not answer, such sessions get 503, but for the sign-in pages: a local administrator may come.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            try:
                self._look(request)
            except KeystoneUnavailable as error:
                if request.path not in {settings.LOGIN_URL, reverse("admin:login")}:
                    return ProblemDialect().response(error, request)
                request.user = AnonymousUser()
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Keystone may cease to answer in the middle of a page."""
        if isinstance(exception, KeystoneUnavailable):
            return ProblemDialect().response(exception, request)
        return None

    def _look(self, request: HttpRequest) -> None:
        if request.session.get(BACKEND_SESSION_KEY) != OURS:
            return
        token = encrypted_tokens.kept(request)
        person = people.person(token) if token else None
        if person is None or request.user.pk != person.user_id:
            logout(request)
            return
        staff = person.staff_actor()
        request.user.is_staff = staff is not None
        setattr(request, BEHIND, Behind(person.projects, person.actor_on, staff))
