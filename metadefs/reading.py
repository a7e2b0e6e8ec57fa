"""Documents of namespaces, as bodies and files have them, to drafts and back. Pure."""

from collections.abc import Mapping
from typing import Any

from catalog.schemas import whole
from metadefs import schema
from metadefs.drafts import AssociationDraft, NamespaceDraft, ObjectDraft
from metadefs.errors import Mode

COUNTS = frozenset({"minLength", "maxLength", "minItems", "maxItems"})


def namespace_draft(
    document: Mapping[str, Any], *, owner: str | None, visibility: str, mode: Mode = "enforce"
) -> NamespaceDraft:
    """The draft of a judged document; `visibility` and `mode` hold where it names none."""
    return NamespaceDraft(
        namespace=document["namespace"],
        display_name=document.get("display_name"),
        description=document.get("description"),
        visibility=document.get("visibility") or visibility,
        protected=document.get("protected") or False,
        owner=owner,
        associations=tuple(
            association_draft({"mode": mode, **one})
            for one in document.get("resource_type_associations", ())
        ),
        properties=definitions(document.get("properties", {})),
        objects=tuple(object_draft(one) for one in document.get("objects", ())),
        tags=tuple(one["name"] for one in document.get("tags", ())),
    )


def object_draft(document: Mapping[str, Any]) -> ObjectDraft:
    return ObjectDraft(
        name=document["name"],
        description=document.get("description"),
        required=tuple(document.get("required", ())),
        properties=definitions(document.get("properties", {})),
    )


def association_draft(document: Mapping[str, Any]) -> AssociationDraft:
    return AssociationDraft(
        name=document["name"],
        prefix=document.get("prefix") or "",
        properties_target=document.get("properties_target"),
        mode=document.get("mode", "enforce"),
        strict=document.get("strict", False),
    )


def definitions(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A map of definitions."""
    return {name: definition(one) for name, one in found.items()}


def definition(found: Mapping[str, Any]) -> dict[str, Any]:
    """One of them as it is kept; a name repeated inside it says nothing new, and `5.0` counts as many as `5`."""
    return {
        key: whole(value) if key in COUNTS else value
        for key, value in found.items()
        if key != "name"
    }


def document(draft: NamespaceDraft) -> dict[str, Any]:
    """The draft as a file has it: without its owner, which is another one where it is loaded."""
    return {
        "namespace": draft.namespace,
        **_valued(display_name=draft.display_name, description=draft.description),
        "visibility": draft.visibility,
        "protected": draft.protected,
        "resource_type_associations": [_association(one) for one in draft.associations],
        "properties": _definitions(draft.properties),
        "objects": [_object(one) for one in draft.objects],
        "tags": [{"name": name} for name in draft.tags],
    }


def _association(draft: AssociationDraft) -> dict[str, Any]:
    return {
        "name": draft.name,
        **_valued(prefix=draft.prefix or None, properties_target=draft.properties_target),
        "mode": draft.mode,
        "strict": draft.strict,
    }


def _object(draft: ObjectDraft) -> dict[str, Any]:
    return {
        "name": draft.name,
        **_valued(description=draft.description),
        "required": list(draft.required),
        "properties": _definitions(draft.properties),
    }


def _definitions(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: schema.told(definition) for name, definition in sorted(found.items())}


def _valued(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
