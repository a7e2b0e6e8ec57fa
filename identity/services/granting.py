"""A request for a token, from proof to token."""

from dataclasses import dataclass

from identity.errors import SignInFailed
from identity.facts import TokenFacts
from identity.models import User
from identity.services.issuing import Default, Scope, exchangeable, issue, lend
from identity.services.signing_in import (
    REFUSED,
    CredentialReference,
    UserReference,
    prove,
    prove_credential,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """Every method that is named has its proof; the methods keep the client's order."""

    methods: tuple[str, ...]
    user: UserReference | None = None
    password: str | None = None
    token: str | None = None
    credential: CredentialReference | None = None
    secret: str | None = None
    scope: Scope


def grant(asked: TokenRequest, *, address: str) -> tuple[str, TokenFacts]:
    """A token for who proves who it is by every method named; SignInFailed, TokenRefused or SignInSlowed else."""
    if asked.credential is not None and asked.secret is not None:
        return _by_credential(asked.credential, asked.secret, asked, address)
    parent = exchangeable(asked.token) if asked.token is not None else None
    user = None
    if asked.user is not None and asked.password is not None:
        user = prove(asked.user, asked.password, address=address)
    if parent is not None:
        if user is not None and user.pk != parent.user.id:
            raise SignInFailed(REFUSED)
        user = user or User.objects.filter(pk=parent.user.id).first()
    if user is None:
        raise SignInFailed(REFUSED)
    return issue(user, asked.scope, methods=asked.methods, parent=parent)


def _by_credential(
    credential: CredentialReference, secret: str, asked: TokenRequest, address: str
) -> tuple[str, TokenFacts]:
    if not isinstance(asked.scope, Default):
        raise SignInFailed("Application credentials cannot request a scope.")
    if len(asked.methods) != 1:
        raise SignInFailed("An application credential is the only method of its request.")
    row = prove_credential(credential, secret, address=address)
    return lend(row, methods=asked.methods)
