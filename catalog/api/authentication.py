"""The door that both sides of the service go through: headers in, an `Actor` out."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from catalog import callers
from catalog.actors import Actor


class Authenticator(Protocol):
    """Raises Unauthenticated for a missing, wrong, ended or revoked token. Blocks; call it from a thread."""

    def __call__(self, headers: Mapping[str, str], *, request_id: str) -> Actor: ...


@lru_cache(maxsize=1)
def _authenticator() -> Authenticator:
    found: Authenticator = import_string(settings.AUTHENTICATOR)
    return found


def authenticate(headers: Mapping[str, str], *, request_id: str) -> Actor:
    """The caller, by `X-Auth-Token`; header names are compared without regard to case."""
    actor = _authenticator()(headers, request_id=request_id)
    if (token := headers.get("X-Auth-Token")) and (whose := actor.project_id or actor.user_id):
        callers.learn(token, whose)
    return actor
