"""Changing the property definitions of a namespace."""

from collections.abc import Mapping
from typing import Any

from catalog.actors import Actor
from catalog.clock import now
from metadefs import schema
from metadefs.models import Namespace, Property
from metadefs.services.edits import differences, editing, record_edit
from metadefs.services.naming import check_name, check_new_name, child, refuse_protected, taken
from metadefs.services.transactions import DefinitionEdit


def create(
    namespace: Namespace, name: str, definition: Mapping[str, Any], *, actor: Actor
) -> Property:
    """Define `name`; Duplicate when it is defined, InvalidDefinition when it cannot be."""
    check(name, definition)
    check_new_name("property", name)
    with editing(namespace, "add_metadef_property", actor=actor) as (row, change):
        return add(row, name, definition, change=change)


def modify(
    namespace: Namespace,
    name: str,
    *,
    new_name: str,
    definition: Mapping[str, Any],
    actor: Actor,
) -> Property:
    """Replace the definition of `name`, and rename it when `new_name` differs."""
    check(new_name, definition)
    check_new_name("property", new_name, instead_of=name)
    with editing(namespace, "modify_metadef_property", actor=actor) as (row, change):
        return replace(row, name, new_name=new_name, definition=definition, change=change)


def replace(
    row: Namespace,
    name: str,
    *,
    new_name: str,
    definition: Mapping[str, Any],
    change: DefinitionEdit,
) -> Property:
    """Replace by a checked definition inside a change under way."""
    found = child(row.properties.all(), row, "property", name)
    if new_name != name and row.properties.filter(name=new_name).exists():
        raise taken(row, "property", new_name)
    old = {"name": name, "definition": found.definition}
    differing = differences(old, {"name": new_name, "definition": dict(definition)})
    if not differing:
        return found
    judged = differences(schema.judged(found.definition), schema.judged(definition))
    found.name, found.definition, found.updated_at = new_name, dict(definition), now()
    found.save(update_fields=["name", "definition", "updated_at"])
    record_edit(
        change,
        "property.update",
        row,
        new_name,
        changes=differing,
        rules=bool(judged) or new_name != name,
    )
    return found


def delete(namespace: Namespace, name: str, *, actor: Actor) -> None:
    """Forget the definition; Protected when the namespace is."""
    with editing(namespace, "remove_metadef_property", actor=actor) as (row, change):
        found = child(row.properties.all(), row, "property", name)
        refuse_protected(row)
        record_edit(change, "property.delete", row, name, changes={"name": (name, None)})
        found.delete()


def delete_all(namespace: Namespace, *, actor: Actor) -> None:
    """Forget every property of the namespace; those of its objects stay."""
    rules = ("delete_metadef_namespace", "remove_metadef_property")
    with editing(namespace, *rules, actor=actor) as (row, change):
        refuse_protected(row)
        names = list(row.properties.order_by("name").values_list("name", flat=True))
        if not names:
            return
        row.properties.all().delete()
        record_edit(change, "namespace.delete_properties", row, changes={"properties": (names, [])})


def add(
    namespace: Namespace, name: str, definition: Mapping[str, Any], *, change: DefinitionEdit
) -> Property:
    """Insert a checked definition inside a change under way."""
    if namespace.properties.filter(name=name).exists():
        raise taken(namespace, "property", name)
    found = namespace.properties.create(name=name, definition=dict(definition))
    record_edit(change, "property.create", namespace, name, changes={"name": (None, name)})
    return found


def check(name: str, definition: Mapping[str, Any]) -> None:
    """InvalidDefinition for what could not be enforced, also for a `default` of another type."""
    check_name("property", name)
    schema.check(name, definition)
    schema.check_default_type(name, definition)
