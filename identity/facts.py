"""A token with all that follows from it today, read by one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.clock import spelled
from identity.models import Token

_VALID = """
WITH RECURSIVE held(role_id) AS (
    SELECT a.role_id
    FROM identity_token t JOIN identity_assignment a ON a.user_id = t.user_id
        AND (a.project_id = t.project_id OR a.domain_id = t.domain_id OR (a.system AND t.system))
    WHERE t.digest = %s
    UNION
    SELECT i.implied_id FROM identity_roleimplication i JOIN held h ON i.prior_id = h.role_id
), lent(role_id) AS (
    SELECT cr.role_id
    FROM identity_token t JOIN identity_applicationcredential_roles cr
        ON cr.applicationcredential_id = t.application_credential_id
    WHERE t.digest = %s
    UNION
    SELECT i.implied_id FROM identity_roleimplication i JOIN lent l ON i.prior_id = l.role_id
)
SELECT t.*, u.name AS user_name, ud.id AS user_domain_id, ud.name AS user_domain_name,
    p.name AS project_name, sd.id AS scope_domain_id, sd.name AS scope_domain_name,
    r.id AS role_id, r.name AS role_name, c.name AS credential_name, c.unrestricted
FROM identity_token t
JOIN identity_user u ON u.id = t.user_id
JOIN identity_domain ud ON ud.id = u.domain_id
LEFT JOIN identity_project p ON p.id = t.project_id
LEFT JOIN identity_domain sd ON sd.id = COALESCE(p.domain_id, t.domain_id)
LEFT JOIN identity_applicationcredential c ON c.id = t.application_credential_id
LEFT JOIN held h ON c.id IS NULL OR h.role_id IN (SELECT role_id FROM lent)
LEFT JOIN identity_role r ON r.id = h.role_id
WHERE t.digest = %s AND u.enabled AND ud.enabled
    AND COALESCE(p.enabled, TRUE) AND COALESCE(sd.enabled, TRUE) AND t.expires_at > {moment}
ORDER BY r.name
"""


@dataclass(frozen=True, slots=True)
class Named:
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """The application credential that a token was made with."""

    id: str
    name: str
    unrestricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """A valid token: `scope_domain` is the project's domain, or the one it is scoped to itself."""

    digest: str
    user: Named
    user_domain: Named
    project: Named | None
    scope_domain: Named | None
    system: bool
    roles: tuple[Named, ...]
    methods: tuple[str, ...]
    audit_ids: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    delegation: Delegation | None = None

    @property
    def scoped(self) -> bool:
        return self.system or self.scope_domain is not None


def facts_of(digest: str) -> TokenFacts | None:
    """What the token stands for; None when it is unknown, ended or revoked, or nothing is left of its scope.

    One SELECT. Roles include the implied ones; a scoped token without any is not valid. With an application
    credential they are those that it lends and that its user still has.
    """
    moment, stamp = spelled()
    rows: list[Any] = list(
        Token.objects.raw(_VALID.format(moment=moment), [digest, digest, digest, *stamp])
    )
    if not rows:
        return None
    first = rows[0]
    facts = TokenFacts(
        digest=digest,
        user=Named(first.user_id, first.user_name),
        user_domain=Named(first.user_domain_id, first.user_domain_name),
        project=_named(first.project_id, first.project_name),
        scope_domain=_named(first.scope_domain_id, first.scope_domain_name),
        system=first.system,
        roles=tuple(Named(row.role_id, row.role_name) for row in rows if row.role_id),
        methods=tuple(first.methods),
        audit_ids=tuple(first.audit_ids),
        issued_at=first.issued_at,
        expires_at=first.expires_at,
        delegation=_delegation(first),
    )
    return facts if facts.roles or not facts.scoped else None


def _delegation(row: Any) -> Delegation | None:
    key = row.application_credential_id
    if key is None:
        return None
    return Delegation(id=key, name=row.credential_name, unrestricted=bool(row.unrestricted))


def _named(key: str | None, name: str | None) -> Named | None:
    return None if key is None or name is None else Named(key, name)
