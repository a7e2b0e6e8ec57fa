"""The built-in answer to `catalog.api.authentication`: a token in, an Actor out."""

import dataclasses
from collections.abc import Mapping

from catalog import policy
from catalog.actors import Actor
from identity.caching import actors
from identity.errors import TokenRefused
from identity.facts import TokenFacts, facts_of
from identity.tokens import digest, plausible

HEADER = "X-Auth-Token"
SERVICE = "X-Service-Token"


def authenticate(headers: Mapping[str, str], *, request_id: str) -> Actor:
    """The caller of a request; TokenRefused for a missing, wrong, ended or revoked token, or such a service token.

    At most one SELECT for a token, none while the process remembers it. Safe from threads.
    """
    token = _header(headers, HEADER)
    if not token:
        raise TokenRefused("The request you have made requires authentication.")
    actor = _holder(token, "token")
    service = _header(headers, SERVICE)
    service_roles = _holder(service, "service token").roles if service else frozenset()
    return dataclasses.replace(actor, request_id=request_id, service_roles=service_roles)


def _holder(token: str, noun: str) -> Actor:
    refused = TokenRefused(f"The {noun} is not valid: it is unknown, has ended or was revoked.")
    if not plausible(token):
        raise refused
    key = digest(token)
    found = actors.get(key)
    if found is None:
        ticket = actors.ticket()
        facts = facts_of(key)
        if facts is None:
            raise refused
        found = actor_for(facts)
        actors.put(key, found, facts.expires_at, ticket=ticket)
    return found


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


def _header(headers: Mapping[str, str], name: str) -> str | None:
    wanted = name.lower()
    found = headers.get(name) or headers.get(wanted)
    if found is None:
        found = next((v for k, v in headers.items() if k.lower() == wanted), None)
    return found
