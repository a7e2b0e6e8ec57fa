"""Changing the objects (groups of property definitions) of a namespace."""

from collections.abc import Mapping
from typing import Any

from catalog.actors import Actor
from catalog.clock import now
from metadefs import schema
from metadefs.drafts import ObjectDraft
from metadefs.models import Namespace, Object
from metadefs.services import properties
from metadefs.services.edits import differences, editing, record_edit
from metadefs.services.naming import check_name, check_new_name, child, refuse_protected, taken
from metadefs.services.transactions import DefinitionEdit


def create(namespace: Namespace, draft: ObjectDraft, *, actor: Actor) -> Object:
    """Define an object; Duplicate when its name is taken."""
    check(draft)
    check_new_name("object", draft.name)
    with editing(namespace, "add_metadef_object", actor=actor) as (row, change):
        return add(row, draft, change=change)


def modify(namespace: Namespace, name: str, draft: ObjectDraft, *, actor: Actor) -> Object:
    """Replace the object `name` by the draft, whose name may be another."""
    check(draft)
    check_new_name("object", draft.name, instead_of=name)
    with editing(namespace, "modify_metadef_object", actor=actor) as (row, change):
        return replace(row, name, draft, change=change)


def replace(row: Namespace, name: str, draft: ObjectDraft, *, change: DefinitionEdit) -> Object:
    """Replace by a checked draft inside a change under way."""
    found = child(row.objects_defined.all(), row, "object", name)
    if draft.name != name and row.objects_defined.filter(name=draft.name).exists():
        raise taken(row, "object", draft.name)
    new = columns(draft)
    old = {column: getattr(found, column) for column in new}
    differing = differences(old, new)
    if not differing:
        return found
    for column, value in new.items():
        setattr(found, column, value)
    found.updated_at = now()
    found.save(update_fields=[*new, "updated_at"])
    rules = bool(differences(_judged(old), _judged(new)))
    record_edit(change, "object.update", row, draft.name, changes=differing, rules=rules)
    return found


def delete(namespace: Namespace, name: str, *, actor: Actor) -> None:
    """Forget the object; Protected when the namespace is."""
    with editing(namespace, "delete_metadef_object", actor=actor) as (row, change):
        found = child(row.objects_defined.all(), row, "object", name)
        refuse_protected(row)
        record_edit(change, "object.delete", row, name, changes={"name": (name, None)})
        found.delete()


def delete_all(namespace: Namespace, *, actor: Actor) -> None:
    """Forget every object of the namespace."""
    rules = ("delete_metadef_namespace", "delete_metadef_object")
    with editing(namespace, *rules, actor=actor) as (row, change):
        refuse_protected(row)
        names = list(row.objects_defined.order_by("name").values_list("name", flat=True))
        if not names:
            return
        row.objects_defined.all().delete()
        record_edit(change, "namespace.delete_objects", row, changes={"objects": (names, [])})


def add(namespace: Namespace, draft: ObjectDraft, *, change: DefinitionEdit) -> Object:
    """Insert a checked object inside a change under way."""
    if namespace.objects_defined.filter(name=draft.name).exists():
        raise taken(namespace, "object", draft.name)
    found = namespace.objects_defined.create(**columns(draft))
    record_edit(
        change, "object.create", namespace, draft.name, changes={"name": (None, draft.name)}
    )
    return found


def check(draft: ObjectDraft) -> None:
    """InvalidDefinition for a name or a property definition that cannot be used."""
    check_name("object", draft.name)
    for name in draft.required:
        check_name("required property", name)
    for name, definition in draft.properties.items():
        properties.check(name, definition)


def columns(draft: ObjectDraft) -> dict[str, Any]:
    """The row's own columns."""
    return {
        "name": draft.name,
        "description": draft.description,
        "required": list(draft.required),
        "properties": {name: dict(definition) for name, definition in draft.properties.items()},
    }


def _judged(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of an object's columns decides what is legal."""
    definitions = {name: schema.judged(one) for name, one in values["properties"].items()}
    return {"name": values["name"], "required": values["required"], "properties": definitions}
