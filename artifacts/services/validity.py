"""Whether an artifact's free properties are what the namespaces of its owner allow."""

from collections.abc import Collection, Mapping
from typing import Any

from artifacts.models import Artifact
from artifacts.types import ArtifactType
from metadefs.enforcement import require
from metadefs.selectors import governance
from metadefs.services.epochs import stamp_locked


def judge(
    artifact: Artifact,
    *,
    kind: ArtifactType,
    changed: Collection[str] | None,
    inherited: Mapping[str, Any] | None = None,
) -> None:
    """Check `artifact.properties` and lay the outcome on the row; PropertyRejected when a rule in force is broken.

    `changed` names the keys this write touches (None: all are new): an invalid value that lies there untouched does
    not block it, nor does one that is the same in `inherited`, the properties of what it was made from.
    Runs in the write's transaction: no definition changes until that ends.
    """
    held = stamp_locked()
    artifact.checked_epoch = held[0]
    rules = governance(kind.resource_type, artifact.project_id, at=held)
    artifact.violations = [
        one.shown()
        for one in require(artifact.properties, rules, changed=changed, inherited=inherited)
    ]


def changed_keys(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Keys whose value a write sets or takes away."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
