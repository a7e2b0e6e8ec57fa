"""Rows that a form has filled in, handed to the verbs: every page that edits rows goes through here.

The rows are not saved; what a verb makes is read back into them.
"""

from collections.abc import Mapping
from typing import Any

from catalog.actors import Actor
from metadefs.drafts import NamespaceDraft, ObjectDraft
from metadefs.errors import InvalidDefinition
from metadefs.models import Association, Namespace, Object, Property, ResourceType, Tag
from metadefs.selectors import association_draft
from metadefs.services import (
    associations,
    namespaces,
    objects,
    properties,
    resource_types,
    tags,
)

Child = Property | Object | Tag | Association
Row = Namespace | ResourceType | Child


def write(row: Row, *, actor: Actor) -> None:
    """Create the row when it has no key yet, else replace what is stored under its key; any CatalogError."""
    if isinstance(row, Namespace):
        made: Any = _write_namespace(row, actor)
    elif isinstance(row, ResourceType):
        made = resource_types.save(row, actor=actor)
    else:
        made = _write_child(row, actor)
    row.pk = made.pk


def remove(row: Row, *, actor: Actor) -> None:
    """Delete what is stored under the row's key; any CatalogError."""
    match row:
        case Namespace():
            namespaces.delete(row, actor=actor)
        case ResourceType():
            resource_types.delete(row, actor=actor)
        case Association():
            associations.delete(row.namespace, row.resource_type.name, actor=actor)
        case Property():
            properties.delete(row.namespace, row.name, actor=actor)
        case Object():
            objects.delete(row.namespace, row.name, actor=actor)
        case Tag():
            tags.delete(row.namespace, row.name, actor=actor)


def _write_namespace(row: Namespace, actor: Actor) -> Namespace:
    draft = NamespaceDraft(
        namespace=row.namespace,
        display_name=row.display_name or None,
        description=row.description or None,
        visibility=row.visibility,
        protected=row.protected,
        owner=row.owner or None,
    )
    if row.pk:
        return namespaces.modify(row, draft, actor=actor)
    return namespaces.create(draft, actor=actor)


def _write_child(row: Child, actor: Actor) -> Child:
    stored = _stored(row)
    if stored is not None and stored.namespace_id != row.namespace_id:
        remove(stored, actor=actor)
        stored = None
    match row:
        case Association():
            return _write_association(row, stored, actor)
        case Property():
            return _write_property(row, stored, actor)
        case Object():
            return _write_object(row, stored, actor)
        case Tag():
            if stored is None:
                return tags.create(row.namespace, row.name, actor=actor)
            return tags.rename(row.namespace, stored.name, new_name=row.name, actor=actor)


def _stored(row: Child) -> Any:
    return type(row)._default_manager.filter(pk=row.pk).first() if row.pk else None  # noqa: SLF001 - documented


def _write_property(row: Property, stored: Property | None, actor: Actor) -> Property:
    definition: Mapping[str, Any] = row.definition
    if stored is None:
        return properties.create(row.namespace, row.name, definition, actor=actor)
    return properties.modify(
        row.namespace, stored.name, new_name=row.name, definition=definition, actor=actor
    )


def _write_object(row: Object, stored: Object | None, actor: Actor) -> Object:
    required, defined = row.required or [], row.properties or {}
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise InvalidDefinition("required must be a list of names", rule="required")
    if not isinstance(defined, dict):
        raise InvalidDefinition("properties must map names to definitions", rule="properties")
    draft = ObjectDraft(
        name=row.name,
        description=row.description or None,
        required=tuple(required),
        properties=defined,
    )
    if stored is None:
        return objects.create(row.namespace, draft, actor=actor)
    return objects.modify(row.namespace, stored.name, draft, actor=actor)


def _write_association(row: Association, stored: Association | None, actor: Actor) -> Association:
    draft = association_draft(row)
    if stored is not None and stored.resource_type_id == row.resource_type_id:
        return associations.modify(row.namespace, draft, actor=actor)
    if stored is not None:
        remove(stored, actor=actor)
    return associations.create(row.namespace, draft, actor=actor)
