"""Artifacts of the plain kind: created as drafts, active once their required blobs are there."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from artifacts import count_limits
from artifacts.models import Artifact
from artifacts.policies import ArtifactAction, require
from artifacts.selectors import locked
from artifacts.services import metadata_size, validity, writing
from artifacts.types import ArtifactType
from catalog.actors import Actor
from catalog.clock import now
from catalog.errors import Duplicate, Invalid, NotFound, ReadOnly, at_most
from catalog.schemas import refusal

MOST = 255
"""Tags, metadata or fields of one artifact."""
COMMON = frozenset({"name", "version", "description", "tags", "metadata"})
_TOLD = {"type": "string", "readOnly": True}
SYSTEM: Mapping[str, dict[str, Any]] = {
    "id": _TOLD,
    "type_name": _TOLD,
    "owner": {**_TOLD, "type": ["string", "null"]},
    "status": _TOLD,
    "visibility": _TOLD,
    "created_at": _TOLD,
    "updated_at": _TOLD,
    "activated_at": {**_TOLD, "type": ["string", "null"]},
    "display_type_name": _TOLD,
}
"""What the service says of an artifact, and takes of nobody."""
_BLOB = {"type": ["object", "null"], "readOnly": True, "description": "Uploaded as bytes"}
_VERSION = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"
_TAG = "^[^,/]*$"
FORMS = {_VERSION: "a version such as 1.2.3 or 1.0.0-beta.1", _TAG: "a text without , and /"}
"""What refusals call the forms of values."""


class InvalidArtifact(Invalid):
    """A field has a value it cannot have."""

    code = "invalid_artifact"


def create_artifact(kind: ArtifactType, document: Mapping[str, Any], *, actor: Actor) -> Artifact:
    """A draft from the fields a client sent. InvalidArtifact, ReadOnly, TooLarge, LimitExceeded, Duplicate,
    PropertyRejected.
    """
    _count(document)
    _validate(kind, document)
    artifact = Artifact(
        type=kind.name,
        status=kind.initial,
        project_id=actor.project_id,
        visibility="private",
        name=document["name"],
        version=document.get("version", "0.0.0"),
        fields={k: v for k, v in document.items() if k in kind.schema["properties"]},
        properties=dict(document.get("metadata", {})),
    )
    require(ArtifactAction.CREATE, artifact, actor)
    try:
        with transaction.atomic():
            count_limits.require(count_limits.ARTIFACTS, actor.project_id)
            validity.judge(artifact, kind=kind, changed=None)
            writing.insert(
                artifact, kind=kind, tags=dict.fromkeys(document.get("tags", ())), actor=actor
            )
    except IntegrityError:
        raise Duplicate(
            f"your project has {kind.name} {artifact.name!r} of version {artifact.version} already",
            name=artifact.name,
            version=artifact.version,
        ) from None
    return artifact


def activate(artifact_id: str, *, kind: ArtifactType, actor: Actor) -> Artifact:
    """Make a draft active once every required slot has its bytes."""
    with transaction.atomic():
        artifact = locked(artifact_id)
        if artifact is None:
            raise NotFound(f"there is no {kind.name} artifact {artifact_id!r}", id=artifact_id)
        require(ArtifactAction.UPDATE, artifact, actor)
        present = set(artifact.blobs.filter(status="active").values_list("slot", flat=True))
        missing = [
            slot.name for slot in kind.slots.values() if slot.required and slot.name not in present
        ]
        if missing:
            raise InvalidArtifact(
                f"it needs {', '.join(missing)} before it can be active", missing=missing
            )
        writing.move(
            artifact,
            "activate",
            kind=kind,
            actor=actor,
            event="activate",
            values={"activated_at": now()},
        )
    return artifact


def _count(document: Mapping[str, Any]) -> None:
    """TooLarge for more than an artifact may have, before any of it is looked at."""
    at_most(MOST, len(document), "fields")
    for name in ("tags", "metadata"):
        value = document.get(name)
        at_most(MOST, len(value) if isinstance(value, list | dict) else 0, name)
    metadata_size.require_within_limit(metadata_size.bytes_of(document))


def _validate(kind: ArtifactType, document: Mapping[str, Any]) -> None:
    for key in document:
        if key in SYSTEM:
            raise ReadOnly(f"field {key!r} is set by the service", field=key)
        if key in kind.slots:
            raise InvalidArtifact(f"field {key!r} is a blob: upload it", field=key)
    error = best_match(Draft202012Validator(schema(kind)).iter_errors(dict(document)))
    if error is not None:
        where = ".".join(str(p) for p in error.absolute_path)
        raise InvalidArtifact(f"{where or 'the artifact'}: {refusal(error, FORMS)}", field=where)


def schema(kind: ArtifactType) -> dict[str, Any]:
    """The JSON Schema of one as it is shown; what is read-only, nobody sends."""
    text = {"type": "string", "minLength": 1, "maxLength": 255}
    return {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "name": text,
            "version": {"type": "string", "maxLength": 64, "pattern": _VERSION},
            "tags": {"type": "array", "maxItems": MOST, "items": {**text, "pattern": _TAG}},
            "metadata": {
                "type": "object",
                "maxProperties": MOST,
                "propertyNames": text,
                "additionalProperties": text,
            },
            **kind.schema["properties"],
            **SYSTEM,
            **dict.fromkeys(kind.slots, _BLOB),
        },
    }
