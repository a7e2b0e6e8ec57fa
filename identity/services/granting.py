"""A request for a token, from proof to token."""

from dataclasses import dataclass

from identity.errors import SignInFailed
from identity.facts import TokenFacts
from identity.models import User
from identity.services.issuing import Scope, exchangeable, issue
from identity.services.signing_in import REFUSED, UserReference, prove


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """Every method that is named has its proof; the methods keep the client's order."""

    methods: tuple[str, ...]
    user: UserReference | None
    password: str | None
    token: str | None
    scope: Scope


def grant(asked: TokenRequest, *, address: str) -> tuple[str, TokenFacts]:
    """A token for who proves who it is by every method named; SignInFailed, TokenRefused or SignInSlowed else."""
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
