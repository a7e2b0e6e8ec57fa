"""Tokens: made for who signed in, or from another token."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet

from catalog.clock import database_time
from catalog.conf import section
from identity.conf import IdentityConfig
from identity.errors import ActionForbidden, SignInFailed, TokenRefused
from identity.facts import TokenFacts, facts_of
from identity.models import ApplicationCredential, Domain, Project, Token, User
from identity.selectors import projects_of
from identity.services.changing import changing, locked
from identity.services.signing_in import REFUSED
from identity.tokens import digest, new_audit_id, new_token, plausible

SWEEP = 20
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Unscoped:
    """Good for asking what one may be scoped to."""


@dataclass(frozen=True, slots=True)
class Default:
    """The user's default project when it has a role there, else unscoped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectScope:
    id: str | None = None
    name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainScope:
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class SystemScope:
    """The whole system."""


Scope: TypeAlias = Unscoped | Default | ProjectScope | DomainScope | SystemScope


def exchangeable(token: str) -> TokenFacts:
    """What a token that is offered instead of a password stands for; TokenRefused when it is not valid."""
    facts = facts_of(digest(token)) if plausible(token) else None
    if facts is None:
        raise TokenRefused(REFUSED)
    return facts


def issue(
    user: User, scope: Scope, *, methods: tuple[str, ...], parent: TokenFacts | None = None
) -> tuple[str, TokenFacts]:
    """A new token for `user` as it was when it proved who it is, and what the token stands for.

    A token made from another ends with it at the latest, and when that one is revoked. SignInFailed when the user
    has no role in the scope, or when its password changed since; ActionForbidden for a scope that the other token
    does not lead to.
    """
    token = new_token()
    row = Token(digest=digest(token), user=user, methods=list(_methods(methods, parent)))
    with changing():
        _hold(user)
        _limit(row, parent)
        _aim(row, user, scope)
        if parent is not None:
            _stay(row, parent, scope)
        facts = _save(row)
    _sweep(row.issued_at)
    return token, facts


def lend(credential: ApplicationCredential, *, methods: tuple[str, ...]) -> tuple[str, TokenFacts]:
    """A new token for who knows the credential's secret; it ends with the credential.

    SignInFailed when the credential is gone or nothing is left of its roles.
    """
    token = new_token()
    row = Token(
        digest=digest(token),
        user=credential.user,
        project_id=credential.project_id,
        application_credential=credential,
        methods=list(methods),
    )
    with changing():
        _hold(credential.user)
        if not locked(ApplicationCredential.objects.filter(pk=credential.pk)).exists():
            raise SignInFailed(REFUSED)
        _limit(row, None)
        if credential.expires_at is not None:
            row.expires_at = min(row.expires_at, credential.expires_at)
        facts = _save(row)
    _sweep(row.issued_at)
    return token, facts


def _hold(user: User) -> None:
    """Keep the user as it was when it proved who it is, until the token is there."""
    if not locked(User.objects.filter(pk=user.pk, epoch=user.epoch, enabled=True)).exists():
        raise SignInFailed(REFUSED)


def _save(row: Token) -> TokenFacts:
    row.save(force_insert=True)
    facts = facts_of(row.digest)
    if facts is None:
        raise SignInFailed(f"User {row.user_id} has no access to the requested scope.")
    return facts


def _stay(row: Token, parent: TokenFacts, scope: Scope) -> None:
    """Where a token of an application credential or of the system leads to: no further than it goes itself."""
    if parent.delegation is not None:
        own = parent.project.id if parent.project else None
        if isinstance(scope, Unscoped) or (
            not isinstance(scope, Default) and row.project_id != own
        ):
            raise ActionForbidden(
                "A token of an application credential stays on the project of the credential."
            )
        row.application_credential_id, row.project_id = parent.delegation.id, own
    elif parent.system and isinstance(scope, Default):
        row.system, row.project_id = True, None
    elif parent.system and (row.project_id or row.domain_id):
        raise ActionForbidden(
            "A token for the system cannot be exchanged for one scoped to a project or a domain."
        )


def _methods(methods: tuple[str, ...], parent: TokenFacts | None) -> tuple[str, ...]:
    earlier = parent.methods if parent else ()
    return tuple(dict.fromkeys((*earlier, *methods)))


def _limit(row: Token, parent: TokenFacts | None) -> None:
    row.issued_at = database_time()
    row.expires_at = row.issued_at + timedelta(seconds=section(IdentityConfig).token_lifetime)
    row.audit_ids = [new_audit_id()]
    if parent is None:
        return
    if not locked(Token.objects.filter(pk=parent.digest)).exists():
        raise TokenRefused(REFUSED)
    row.parent_id = parent.digest
    row.expires_at = min(row.expires_at, parent.expires_at)
    row.audit_ids.append(parent.audit_ids[-1])


def _aim(row: Token, user: User, scope: Scope) -> None:
    match scope:
        case Unscoped():
            pass
        case Default():
            if projects_of(user.pk).filter(pk=user.default_project_id).exists():
                row.project_id = user.default_project_id
        case ProjectScope():
            row.project = _project(scope)
        case DomainScope():
            row.domain = _domain(scope)
        case SystemScope():
            row.system = True


def _project(scope: ProjectScope) -> Project:
    rows = Project.objects.all()
    if scope.id is not None:
        rows = rows.filter(pk=scope.id)
    elif scope.domain_id is not None:
        rows = rows.filter(name=scope.name, domain_id=scope.domain_id)
    else:
        rows = rows.filter(name=scope.name, domain__name=scope.domain_name)
    return _first(rows)


def _domain(scope: DomainScope) -> Domain:
    rows = Domain.objects.all()
    return _first(rows.filter(name=scope.name) if scope.id is None else rows.filter(pk=scope.id))


def _first(rows: QuerySet[M]) -> M:
    row = rows.first()
    if row is None:
        raise SignInFailed(REFUSED)
    return row


def _sweep(moment: datetime) -> None:
    """Remove some tokens that have ended; what another process is removing is passed over."""
    with transaction.atomic():
        ended = Token.objects.filter(expires_at__lt=moment).order_by("expires_at")
        keys = [t.pk for t in ended.select_for_update(skip_locked=True)[:SWEEP]]
        if keys:
            Token.objects.filter(pk__in=keys).delete()
