"""Keystone's answer to `catalog.api.authentication`: a token in, an Actor out.

A process remembers answers, by the digest of the token. So a revoked token, a role taken away, a disabled user or
project work on for `keystone.cache_seconds` at most; the end of a token is kept to the second.
"""

import dataclasses
from collections.abc import Mapping
from enum import Enum, auto

from catalog.actors import Actor
from catalog.clock import now
from catalog.conf import section
from identity.errors import TokenRefused
from identity.keystone.cache import Memory
from identity.keystone.conf import KeystoneConfig
from identity.keystone.connection import Refused, connection
from identity.keystone.tokens import ValidToken, digest, plausible, read

USER, SERVICE = "x-auth-token", "x-service-token"


class Verdict(Enum):
    REFUSED = auto()


tokens: Memory[ValidToken | Verdict] = Memory(lambda: section(KeystoneConfig).cache_size)


def authenticate(headers: Mapping[str, str], *, request_id: str) -> Actor:
    """The caller of a request.

    TokenRefused for a missing, wrong, ended or revoked token, or such a service token; KeystoneUnavailable when
    Keystone must be asked and does not answer. With a service token of the right role, a user's token that has ended
    counts as long as Keystone's `allow_expired_window` says: long transfers outlive tokens. Blocks; safe from threads.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    token = lowered.get(USER)
    if not token:
        raise refusal("The request you have made requires authentication.")
    service_roles = _service_roles(lowered.get(SERVICE))
    vouched = not service_roles.isdisjoint(
        role.lower() for role in section(KeystoneConfig).service_token_roles
    )
    found = validate(token, ended_too=vouched)
    if found is None:
        raise refusal("The token is not valid: it is unknown, has ended or was revoked.")
    return dataclasses.replace(found.actor, request_id=request_id, service_roles=service_roles)


def validate(token: str, *, ended_too: bool = False) -> ValidToken | None:
    """What the token stands for; None when it is not valid. Asks Keystone unless the process remembers."""
    if not plausible(token):
        return None
    key = f"{digest(token)}{'+' if ended_too else ''}"
    found = tokens.get(key)
    if found is None:
        found = _ask(token, ended_too=ended_too)
        config = section(KeystoneConfig)
        valid = isinstance(found, ValidToken)
        tokens.put(key, found, config.cache_seconds if valid else config.refused_cache_seconds)
    if isinstance(found, Verdict) or (found.expires_at <= now() and not ended_too):
        return None
    return found


def refusal(message: str) -> TokenRefused:
    """A 401 that names Keystone, as clients expect it."""
    told = f'Keystone uri="{section(KeystoneConfig).told_url}"'
    return TokenRefused(message, headers={"WWW-Authenticate": told})


def _ask(token: str, *, ended_too: bool) -> ValidToken | Verdict:
    params = {"nocatalog": "", **({"allow_expired": "1"} if ended_too else {})}
    try:
        return connection().as_service(
            "/auth/tokens", read, headers={"X-Subject-Token": token}, params=params
        )
    except Refused:
        return Verdict.REFUSED


def _service_roles(token: str | None) -> frozenset[str]:
    if not token:
        return frozenset()
    found = validate(token)
    if found is None:
        raise refusal("The service token is not valid: it is unknown, has ended or was revoked.")
    return found.actor.roles
