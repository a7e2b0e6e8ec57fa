"""Rules of artifacts of the plain kind, with Glare's names; images have Glance's (`images.policies`)."""

from enum import StrEnum

from oslo_policy import policy as oslo
from typing_extensions import override

from artifacts.models import Alias, Artifact
from artifacts.types import Guard, Shown, type_named
from artifacts.visibility import VISIBILITIES, told_visibility
from catalog import policy
from catalog.actors import Actor
from catalog.errors import Forbidden, NotFound

OWNER = "role:admin or (role:member and project_id:%(project_id)s)"


class ArtifactAction(StrEnum):
    CREATE = "artifact:create"
    UPDATE = "artifact:update"
    DELETE = "artifact:delete"
    UPLOAD = "artifact:upload"
    DOWNLOAD = "artifact:download"
    GET = "artifact:get"
    LIST = "artifact:list"


DEFAULTS = (
    oslo.RuleDefault(ArtifactAction.CREATE, OWNER, "Create an artifact in the caller's project."),
    oslo.RuleDefault(ArtifactAction.UPDATE, OWNER, "Change an artifact."),
    oslo.RuleDefault(ArtifactAction.DELETE, OWNER, "Delete an artifact."),
    oslo.RuleDefault(ArtifactAction.UPLOAD, OWNER, "Upload a blob."),
    oslo.RuleDefault(
        ArtifactAction.DOWNLOAD,
        "role:admin or role:reader",
        "Download a blob of a visible artifact.",
    ),
    oslo.RuleDefault(ArtifactAction.GET, "role:admin or role:reader", "Show a visible artifact."),
    oslo.RuleDefault(ArtifactAction.LIST, "role:admin or role:reader", "List visible artifacts."),
)


class AliasAction(StrEnum):
    CREATE = "alias:create"
    MOVE = "alias:move"
    DELETE = "alias:delete"
    PUBLICIZE = "alias:publicize"


ALIAS_DEFAULTS = (
    oslo.RuleDefault(AliasAction.CREATE, OWNER, "Create an alias of the caller's project."),
    oslo.RuleDefault(AliasAction.MOVE, OWNER, "Let an alias lead elsewhere."),
    oslo.RuleDefault(AliasAction.DELETE, OWNER, "Take an alias away."),
    oslo.RuleDefault(
        AliasAction.PUBLICIZE,
        "role:admin",
        "Create, move or delete an alias that everybody finds, beside the right to do so at all.",
    ),
)


def register() -> None:
    policy.register((*DEFAULTS, *ALIAS_DEFAULTS))


def require_alias(action: AliasAction, alias: Alias, actor: Actor) -> None:
    """Nothing, or Forbidden; NotFound when the alias is another project's."""
    if not (actor.is_admin or alias.visibility == "public" or alias.project_id == actor.project_id):
        noun = type_named(alias.type).alias
        raise NotFound(f"there is no {noun} {alias.pk!r}", alias=alias.pk)
    target = {"project_id": alias.project_id, "owner": alias.project_id}
    needed = [action, AliasAction.PUBLICIZE] if alias.visibility == "public" else [action]
    for one in needed:
        if not policy.enforce(actor, one, target):
            raise Forbidden(f"policy {one.value} does not allow you this", action=one.value)


def require(action: ArtifactAction, artifact: Artifact, actor: Actor) -> None:
    """Nothing, or Forbidden; NotFound when the artifact may not even be shown."""
    target = _target(artifact.project_id, told_visibility(artifact.visibility, artifact.project_id))
    if policy.enforce(actor, action, target):
        return
    if action is not ArtifactAction.CREATE and not policy.enforce(
        actor, ArtifactAction.GET, target
    ):
        raise NotFound(f"there is no {artifact.type} artifact {artifact.pk!r}", id=artifact.pk)
    raise Forbidden(
        f"you may not {action.value.partition(':')[2]} this artifact", action=action.value
    )


def require_list(actor: Actor) -> None:
    """Nothing, or Forbidden."""
    if not policy.enforce(actor, ArtifactAction.LIST, _target(actor.project_id)):
        raise Forbidden("you may not list artifacts", action=ArtifactAction.LIST.value)


def shown(actor: Actor) -> Shown:
    """By `artifact:get`. Of another project the rule is told nothing but that it is not the caller's."""

    def visibilities(project_id: str | None) -> frozenset[str]:
        return frozenset(
            one
            for one in VISIBILITIES
            if policy.enforce(actor, ArtifactAction.GET, _target(project_id, one))
        )

    return Shown(own=visibilities(actor.project_id), others=visibilities(None))


def _target(project_id: str | None, visibility: str | None = None) -> dict[str, str]:
    """What rules may ask of an artifact. What is null is left out: a rule would find it equal to the word None."""
    told = {"project_id": project_id, "owner": project_id, "visibility": visibility}
    return {name: value for name, value in told.items() if value is not None}


class PlainGuard(Guard):
    @override
    def require(self, action: str, artifact: Artifact, actor: Actor) -> None:
        require(ArtifactAction(f"artifact:{action}"), artifact, actor)

    @override
    def require_list(self, actor: Actor) -> None:
        require_list(actor)

    @override
    def shown(self, actor: Actor) -> Shown:
        return shown(actor)
