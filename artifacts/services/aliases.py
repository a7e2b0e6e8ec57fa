"""Aliases: made, moved, rolled back, published and taken away. Every move is remembered and can be gone back to."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models import F

from artifacts import count_limits
from artifacts.aliases import LONGEST, looks_like_id
from artifacts.models import Alias, AliasMove, Artifact
from artifacts.policies import AliasAction, require_alias
from artifacts.selectors import artifact_for, held
from artifacts.types import ArtifactType
from artifacts.visibility import PRIVATE, PUBLIC
from catalog.actors import Actor
from catalog.clock import now
from catalog.errors import Conflict, Duplicate, Invalid, NotFound, PreconditionFailed
from catalog.events.recording import Change, record
from catalog.names import require_addressable

OBJECT_TYPE = "Vitrine::Alias"
VISIBILITIES = (PRIVATE, PUBLIC)
BELOW = ("moves", "actions/rollback")
"""What APIs serve below the address of an alias."""


class InvalidAlias(Invalid):
    """The name, the visibility or the target of an alias cannot be."""

    code = "invalid_alias"


class NowhereToGoBack(Conflict):
    """The alias led nowhere else before, or what it led to is gone."""

    code = "nowhere_to_go_back"


def create_alias(
    name: str, target_id: str, *, kind: ArtifactType, actor: Actor, visibility: str = PRIVATE
) -> Alias:
    """An alias of the actor's project. InvalidAlias, InvalidName, Forbidden, Duplicate, LimitExceeded."""
    _check_name(name, kind)
    _check_visibility(visibility, kind)
    if not actor.project_id:
        raise InvalidAlias(f"{kind.an_alias} belongs to a project: use a token that has one")
    alias = Alias(
        type=kind.name,
        name=name,
        project_id=actor.project_id,
        visibility=visibility,
        created_by=actor.user_id,
        updated_by=actor.user_id,
    )
    require_alias(AliasAction.CREATE, alias, actor)
    alias.target = _target(target_id, kind, actor)
    with _unique(name, kind), transaction.atomic():
        count_limits.require(count_limits.FAMILIES, actor.project_id)
        alias.save(force_insert=True)
        _remember(alias, actor)
        changes = {"name": Change(new=name), "visibility": Change(new=visibility)}
        _record("create", alias, actor, {**changes, "target": Change(new=alias.target_id)})
    return alias


def change_alias(
    alias_id: str,
    *,
    kind: ArtifactType,
    actor: Actor,
    target_id: str | None = None,
    visibility: str | None = None,
    revision: int | None = None,
) -> Alias:
    """Let it lead elsewhere, or change who finds it; None leaves that as it is.

    NotFound, Forbidden, InvalidAlias, Duplicate; PreconditionFailed when `revision` is not its own.
    """
    if visibility is not None:
        _check_visibility(visibility, kind)
    target = None if target_id is None else _target(target_id, kind, actor)
    with transaction.atomic():
        alias = _locked(alias_id, kind)
        require_alias(AliasAction.MOVE, alias, actor)
        if revision is not None and alias.revision != revision:
            raise PreconditionFailed(f"the {kind.alias} was changed in the meantime", id=alias_id)
        changes: dict[str, Change] = {}
        if visibility is not None and visibility != alias.visibility:
            changes["visibility"] = Change(old=alias.visibility, new=visibility)
            alias.visibility = visibility
            require_alias(AliasAction.MOVE, alias, actor)
        if target is not None and target.pk != alias.target_id:
            changes["target"] = Change(old=alias.target_id, new=target.pk)
            alias.target = target
        if changes:
            _write(alias, kind, actor, changes)
    return alias


def roll_back(
    alias_id: str, *, kind: ArtifactType, actor: Actor, move_id: int | None = None
) -> Alias:
    """Let it lead where it led before its last move, or where the named move led; that is a move as well.

    NotFound, Forbidden, NowhereToGoBack.
    """
    with transaction.atomic():
        alias = _locked(alias_id, kind)
        require_alias(AliasAction.MOVE, alias, actor)
        moves = AliasMove.objects.filter(alias=alias).order_by("-id")
        before = moves.filter(pk=move_id).first() if move_id is not None else moves[1:2].first()
        if before is None or before.target_id is None:
            raise NowhereToGoBack(f"the {kind.alias} has no such move to go back to", id=alias_id)
        try:
            target = _target(before.target_id, kind, actor)
        except InvalidAlias:
            raise NowhereToGoBack(
                f"what the {kind.alias} led to is gone: {before.target_id}", target=before.target_id
            ) from None
        if target.pk != alias.target_id:
            change = Change(old=alias.target_id, new=target.pk)
            alias.target = target
            _write(alias, kind, actor, {"target": change})
    return alias


def remove_alias(
    alias_id: str, *, kind: ArtifactType, actor: Actor, revision: int | None = None
) -> None:
    """Take the name away; its events stay. NotFound, Forbidden, PreconditionFailed."""
    with transaction.atomic():
        alias = _locked(alias_id, kind)
        require_alias(AliasAction.DELETE, alias, actor)
        if revision is not None and alias.revision != revision:
            raise PreconditionFailed(f"the {kind.alias} was changed in the meantime", id=alias_id)
        old = Change(old=alias.target_id)
        _record("delete", alias, actor, {"name": Change(old=alias.name), "target": old})
        alias.delete()


def _write(alias: Alias, kind: ArtifactType, actor: Actor, changes: dict[str, Change]) -> None:
    alias.updated_at, alias.updated_by = now(), actor.user_id
    with _unique(alias.name, kind), transaction.atomic():
        Alias.objects.filter(pk=alias.pk).update(
            target=alias.target_id,
            visibility=alias.visibility,
            updated_at=alias.updated_at,
            updated_by=alias.updated_by,
            revision=F("revision") + 1,
        )
    alias.revision += 1
    moved = "target" in changes
    if moved:
        _remember(alias, actor)
    _record("move" if moved else "update", alias, actor, changes)


def _locked(alias_id: str, kind: ArtifactType) -> Alias:
    alias = held(Alias.objects.filter(pk=alias_id, type=kind.name)).first()
    if alias is None:
        raise NotFound(f"there is no {kind.alias} {alias_id!r}", alias=alias_id)
    return alias


def _target(target_id: str, kind: ArtifactType, actor: Actor) -> Artifact:
    try:
        target = artifact_for(actor, target_id, type=kind.name)
        kind.guard.require("get", target, actor)
    except NotFound:
        raise InvalidAlias(
            f"there is no {kind.singular or kind.name} with id {target_id[:80]!r} to lead to",
            target=target_id[:80],
        ) from None
    return target


def _check_name(name: str, kind: ArtifactType) -> None:
    if not 0 < len(name) <= LONGEST or not name.isprintable() or name != name.strip():
        raise InvalidAlias(
            f"{kind.an_alias} is named by 1 to {LONGEST} printable characters, without blanks"
            " around them",
            name=name[:80],
        )
    if looks_like_id(name):
        raise InvalidAlias(f"{kind.an_alias} is not named like an id", name=name)
    require_addressable(name, kind.alias, below=BELOW)


def _check_visibility(visibility: str, kind: ArtifactType) -> None:
    if visibility not in VISIBILITIES:
        raise InvalidAlias(
            f"{kind.an_alias} is {' or '.join(VISIBILITIES)}, not {visibility[:80]!r}",
            visibility=visibility[:80],
        )


def _remember(alias: Alias, actor: Actor) -> None:
    AliasMove.objects.create(
        alias=alias,
        target_id=alias.target_id,
        moved_by=actor.user_id,
        moved_by_project=actor.project_id,
    )


def _record(verb: str, alias: Alias, actor: Actor, changes: dict[str, Change]) -> None:
    record(
        f"alias.{verb}",
        object_type=OBJECT_TYPE,
        object_id=alias.pk,
        actor=actor,
        project_id=alias.project_id,
        changes=changes,
    )


@contextmanager
def _unique(name: str, kind: ArtifactType) -> Iterator[None]:
    """Two aliases of one name, in a project or among the public ones, are a Duplicate."""
    try:
        yield
    except IntegrityError:
        raise Duplicate(
            f"there is {kind.an_alias} {name!r} already, of this project or for everybody",
            name=name,
        ) from None
