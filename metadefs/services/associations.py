"""Which resource types a namespace governs, and how severely."""

from typing import Any

from catalog.actors import Actor
from catalog.clock import now
from catalog.errors import Duplicate
from catalog.names import require_addressable
from metadefs.drafts import AssociationDraft
from metadefs.errors import InvalidDefinition
from metadefs.models import NAME_LENGTH, Association, Namespace, ResourceType
from metadefs.services.edits import differences, editing, record_edit
from metadefs.services.naming import (
    absent_association,
    check_name,
    check_new_name,
    refuse_protected,
)
from metadefs.services.transactions import DefinitionEdit

_ADD = "add_metadef_resource_type_association"


def create(namespace: Namespace, draft: AssociationDraft, *, actor: Actor) -> Association:
    """Associate; an unknown resource type is made known. Duplicate when it is associated."""
    check(draft)
    check_new_name("resource type", draft.name)
    check_new_prefix(draft)
    with editing(namespace, _ADD, actor=actor) as (row, change):
        return add(row, draft, change=change)


def modify(namespace: Namespace, draft: AssociationDraft, *, actor: Actor) -> Association:
    """Replace prefix, target, mode and strictness (no dialect has an address for it)."""
    check(draft)
    with editing(namespace, _ADD, actor=actor) as (row, change):
        return replace(row, draft, change=change)


def replace(row: Namespace, draft: AssociationDraft, *, change: DefinitionEdit) -> Association:
    """Replace by a checked draft inside a change under way."""
    found = _association(row, draft.name)
    new = columns(draft)
    old = {column: getattr(found, column) for column in new}
    differing = differences(old, new)
    if not differing:
        return found
    for column, value in new.items():
        setattr(found, column, value)
    found.updated_at = now()
    found.save(update_fields=[*new, "updated_at"])
    rules = differing.keys() != {"properties_target"}
    record_edit(change, "resource_type.update", row, draft.name, changes=differing, rules=rules)
    return found


def delete(namespace: Namespace, name: str, *, actor: Actor) -> None:
    """Dissociate; the resource type stays known. Protected when the namespace is."""
    with editing(namespace, "remove_metadef_resource_type_association", actor=actor) as (
        row,
        change,
    ):
        found = _association(row, name)
        refuse_protected(row)
        record_edit(change, "resource_type.delete", row, name, changes={"name": (name, None)})
        found.delete()


def add(
    namespace: Namespace,
    draft: AssociationDraft,
    *,
    change: DefinitionEdit,
    protected: bool = False,
) -> Association:
    """Insert a checked association; a resource type made for it is `protected`."""
    kind, _ = ResourceType.objects.get_or_create(name=draft.name, defaults={"protected": protected})
    if namespace.associations.filter(resource_type=kind).exists():
        raise Duplicate(
            f"namespace {namespace.namespace!r} is associated with {draft.name!r} already",
            namespace=namespace.namespace,
            name=draft.name,
        )
    found = namespace.associations.create(resource_type=kind, **columns(draft))
    changes = {key: (None, value) for key, value in columns(draft).items()}
    record_edit(change, "resource_type.create", namespace, draft.name, changes=changes)
    return found


def check(draft: AssociationDraft) -> None:
    check_name("resource type", draft.name)
    for field, text in (("prefix", draft.prefix), ("properties_target", draft.properties_target)):
        if text and len(text) > NAME_LENGTH:
            raise InvalidDefinition(f"{field} is longer than {NAME_LENGTH} characters", rule=field)


def check_new_prefix(draft: AssociationDraft) -> None:
    """InvalidName for a prefix that makes names of properties which no address could carry."""
    if draft.prefix:
        require_addressable(f"{draft.prefix}x", "prefix")


def _association(namespace: Namespace, name: str) -> Association:
    rows = namespace.associations.select_related("resource_type")
    found = None if "\x00" in name else rows.filter(resource_type__name=name).first()
    if found is None:
        raise absent_association(namespace, name)
    return found


def columns(draft: AssociationDraft) -> dict[str, Any]:
    """The row's own columns."""
    return {
        "prefix": draft.prefix or None,
        "properties_target": draft.properties_target or None,
        "mode": draft.mode,
        "strict": draft.strict,
    }
