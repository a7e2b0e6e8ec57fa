"""What Keystone says about a token, as an Actor."""

import string
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeGuard

from catalog.actors import Actor
from identity.authentication import as_admin
from identity.keystone.answers import Part

LONGEST = 2048
"""Characters: several times what Keystone makes, and less than any server in front of it takes as a header. A longer
one could cost the connection, which would look as if Keystone were away.
"""
_VISIBLE = frozenset(string.ascii_letters + string.digits + string.punctuation)


@dataclass(frozen=True, slots=True)
class ValidToken:
    """Who acts by a token, until when; `expires_at` may have passed when a service vouches for it."""

    actor: Actor
    expires_at: datetime


def plausible(token: str | None) -> TypeGuard[str]:
    """Whether it could be a token at all: other text never reaches Keystone."""
    return token is not None and 0 < len(token) <= LONGEST and _VISIBLE.issuperset(token)


def digest(token: str) -> str:
    """Under what a token is remembered: the token itself is kept nowhere."""
    return sha256(token.encode()).hexdigest()


def read(document: Part) -> ValidToken:
    """The Actor of Keystone's answer about a token; Malformed when it is none.

    Roles come with those that they imply. `domain_id` is set for a token scoped to a domain; `system` for one scoped
    to the system, which has no project. https://docs.openstack.org/api-ref/identity/v3/#validate-and-show-information-for-token
    """
    token = document.member("token")
    user = token.member("user")
    project_id, project_name = token.optional("project", _named, (None, ""))
    actor = Actor(
        user_id=user.member("id").identifier(),
        user_name=user.member("name").text(),
        project_id=project_id,
        project_name=project_name,
        domain_id=token.optional("domain", _identified, None),
        roles=token.optional("roles", _roles, frozenset()),
        audit_ids=token.optional("audit_ids", _texts, ()),
        system=token.optional("system", _whole, False),
        delegated=token.optional("application_credential", _restricted, False)
        or "OS-TRUST:trust" in token.members(),
    )
    return ValidToken(as_admin(actor), token.member("expires_at").time())


def _named(part: Part) -> tuple[str, str]:
    return part.member("id").identifier(), part.member("name").text()


def _identified(part: Part) -> str:
    return part.member("id").identifier()


def _roles(part: Part) -> frozenset[str]:
    return frozenset(one.member("name").text().lower() for one in part.items())


def _texts(part: Part) -> tuple[str, ...]:
    return tuple(one.text() for one in part.items())


def _whole(part: Part) -> bool:
    return part.optional("all", Part.flag, False)


def _restricted(part: Part) -> bool:
    return part.optional("restricted", Part.flag, False)
