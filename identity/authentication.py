"""The built-in answer to `catalog.api.authentication`: a token in, an Actor out."""

import dataclasses
from collections.abc import Mapping

from catalog import policy
from catalog.actors import Actor
from catalog.clock import now
from identity.caching import actors
from identity.errors import TokenRefused
from identity.facts import TokenFacts, facts_of
from identity.tokens import digest, plausible

HEADER = "X-Auth-Token"


def authenticate(headers: Mapping[str, str], *, request_id: str) -> Actor:
    """The caller of a request; TokenRefused for a missing, wrong, ended or revoked token.

    At most one SELECT, none while the process remembers the token. Safe from threads.
    """
    token = _token(headers)
    if not token:
        raise TokenRefused("The request you have made requires authentication.")
    if not plausible(token):
        raise _refused()
    key = digest(token)
    found = actors.get(key)
    if found is None:
        ticket = actors.ticket()
        facts = facts_of(key)
        if facts is None:
            raise _refused()
        found = actor_for(facts), facts.expires_at
        actors.put(key, *found, ticket=ticket)
    actor, expires_at = found
    if expires_at <= now():
        raise _refused()
    return dataclasses.replace(actor, request_id=request_id)


def actor_for(facts: TokenFacts) -> Actor:
    """Who acts by a valid token; `domain_id` is set for a token scoped to a domain only."""
    domain = facts.scope_domain if facts.project is None else None
    return as_admin(
        Actor(
            user_id=facts.user.id,
            user_name=facts.user.name,
            project_id=facts.project.id if facts.project else None,
            project_name=facts.project.name if facts.project else "",
            domain_id=domain.id if domain else None,
            roles=frozenset(role.name.lower() for role in facts.roles),
            audit_ids=facts.audit_ids,
            system=facts.system,
            delegated=facts.delegation is not None and not facts.delegation.unrestricted,
        )
    )


def as_admin(actor: Actor) -> Actor:
    """The actor with `is_admin` as the rule `context_is_admin` says."""
    return dataclasses.replace(actor, is_admin=policy.enforce(actor, "context_is_admin"))


def _token(headers: Mapping[str, str]) -> str | None:
    found = headers.get(HEADER) or headers.get("x-auth-token")
    if found is None:
        found = next((v for k, v in headers.items() if k.lower() == "x-auth-token"), None)
    return found


def _refused() -> TokenRefused:
    return TokenRefused("The token is not valid: it is unknown, has ended or was revoked.")
