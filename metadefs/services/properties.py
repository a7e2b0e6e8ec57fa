"""Changing the property definitions of a namespace."""

from collections.abc import Mapping
from typing import Any

from catalog.actors import Actor
from catalog.clock import now
from metadefs import schema
from metadefs.models import Namespace, Property
from metadefs.services.frames import governing, tell
from metadefs.services.naming import check_name, child, refuse_protected, taken


def create(
    namespace: Namespace, name: str, definition: Mapping[str, Any], *, actor: Actor
) -> Property:
    """Define `name`; Duplicate when it is defined, InvalidDefinition when it cannot be."""
    check(name, definition)
    with governing(namespace, "add_metadef_property", actor=actor) as (row, _):
        return add(row, name, definition, actor=actor)


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
    with governing(namespace, "modify_metadef_property", actor=actor) as (row, _):
        return replace(row, name, new_name=new_name, definition=definition, actor=actor)


def replace(
    row: Namespace, name: str, *, new_name: str, definition: Mapping[str, Any], actor: Actor
) -> Property:
    """Replace by a checked definition inside a change under way."""
    found = child(row.properties.all(), row, "property", name)
    if new_name != name and row.properties.filter(name=new_name).exists():
        raise taken(row, "property", new_name)
    changes: dict[str, tuple[Any, Any]] = {"definition": (found.definition, dict(definition))}
    if new_name != name:
        changes["name"] = (name, new_name)
    found.name, found.definition, found.updated_at = new_name, dict(definition), now()
    found.save(update_fields=["name", "definition", "updated_at"])
    tell("property.update", row, new_name, actor=actor, changes=changes)
    return found


def delete(namespace: Namespace, name: str, *, actor: Actor) -> None:
    """Forget the definition; Protected when the namespace is."""
    with governing(namespace, "remove_metadef_property", actor=actor) as (row, _):
        found = child(row.properties.all(), row, "property", name)
        refuse_protected(row)
        tell("property.delete", row, name, actor=actor, changes={"name": (name, None)})
        found.delete()


def delete_all(namespace: Namespace, *, actor: Actor) -> None:
    """Forget every property of the namespace; those of its objects stay."""
    rules = ("delete_metadef_namespace", "remove_metadef_property")
    with governing(namespace, *rules, actor=actor) as (row, _):
        refuse_protected(row)
        names = list(row.properties.order_by("name").values_list("name", flat=True))
        row.properties.all().delete()
        tell("namespace.delete_properties", row, actor=actor, changes={"properties": (names, [])})


def add(
    namespace: Namespace, name: str, definition: Mapping[str, Any], *, actor: Actor
) -> Property:
    """Insert a checked definition inside a change under way."""
    if namespace.properties.filter(name=name).exists():
        raise taken(namespace, "property", name)
    found = namespace.properties.create(name=name, definition=dict(definition))
    tell("property.create", namespace, name, actor=actor, changes={"name": (None, name)})
    return found


def check(name: str, definition: Mapping[str, Any], *, default: bool = True) -> None:
    """InvalidDefinition for what could not be enforced, also for an illegal `default`."""
    check_name("property", name)
    schema.check(name, definition)
    if default:
        schema.check_default(name, definition)
