"""What Keystone says about a token, as an Actor."""

import string
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from catalog.actors import Actor
from identity.authentication import as_admin

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


def plausible(token: str) -> bool:
    """Whether it could be a token at all: other text never reaches Keystone."""
    return 0 < len(token) <= LONGEST and _VISIBLE.issuperset(token)


def digest(token: str) -> str:
    """Under what a token is remembered: the token itself is kept nowhere."""
    return sha256(token.encode()).hexdigest()


def read(document: dict[str, Any]) -> ValidToken:
    """The Actor of the member `token` of Keystone's answer.

    Roles come with those that they imply. `domain_id` is set for a token scoped to a domain; `system` for one scoped
    to the system, which has no project. https://docs.openstack.org/api-ref/identity/v3/#validate-and-show-information-for-token
    """
    project = document.get("project") or {}
    credential = document.get("application_credential") or {}
    actor = Actor(
        user_id=document["user"]["id"],
        user_name=document["user"]["name"],
        project_id=project.get("id"),
        project_name=project.get("name", ""),
        domain_id=(document.get("domain") or {}).get("id"),
        roles=frozenset(role["name"].lower() for role in document.get("roles", ())),
        audit_ids=tuple(document.get("audit_ids", ())),
        system=bool((document.get("system") or {}).get("all")),
        delegated=bool(credential.get("restricted")) or "OS-TRUST:trust" in document,
    )
    return ValidToken(as_admin(actor), _time(document["expires_at"]))


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
