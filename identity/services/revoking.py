"""Ending tokens. Deleting the row is revoking: validation finds nothing, and derived tokens go with it."""

from django.db import transaction

from catalog.actors import Actor
from catalog.events.recording import record
from identity.caching import rights_changed
from identity.errors import TokenNotFound
from identity.facts import facts_of
from identity.models import Token
from identity.policies import require
from identity.tokens import digest


def revoke_token(token: str, *, actor: Actor) -> None:
    """End a token and those obtained with it; TokenNotFound when it is not valid."""
    facts = facts_of(digest(token))
    if facts is None:
        raise TokenNotFound("Could not find token.")
    require(actor, "revoke_token", user=facts.user.id)
    with transaction.atomic():
        Token.objects.filter(pk=facts.digest).delete()
        _remember(facts.audit_ids[0], actor)
        rights_changed()


def revoke_row(token: Token, *, actor: Actor) -> None:
    """The same for a row that an administrator sees."""
    require(actor, "revoke_token", user=token.user_id)
    with transaction.atomic():
        Token.objects.filter(pk=token.pk).delete()
        _remember(str(token), actor)
        rights_changed()


def end_tokens(*, user_id: str | None = None, project_id: str | None = None) -> None:
    """End the tokens of a user, of a project, or of a user on a project, as part of another change."""
    given = {"user_id": user_id, "project_id": project_id}
    wanted = {name: value for name, value in given.items() if value is not None}
    if not wanted:
        raise ValueError("neither user nor project is given")
    Token.objects.filter(**wanted).delete()
    rights_changed()


def _remember(audit_id: str, actor: Actor) -> None:
    record("token.revoked", object_type="token", object_id=audit_id, actor=actor)
