"""Changing namespaces: made with everything in them at once, replaced, deleted."""

from typing import Any

from catalog.actors import Actor
from catalog.clock import now
from catalog.errors import Duplicate, Forbidden
from metadefs.drafts import NamespaceDraft
from metadefs.errors import InvalidDefinition
from metadefs.models import Namespace
from metadefs.policies import MetadefPolicy
from metadefs.services import associations, objects, properties, tags
from metadefs.services.edits import differences, editing, record_edit
from metadefs.services.naming import check_name, check_new_name, check_number, refuse_protected
from metadefs.services.transactions import DefinitionEdit, definition_transaction

_LIMITS = {"display_name": 80, "owner": 255}
_GOVERNS = frozenset({"namespace", "visibility", "owner"})
"""Fields that say whose assets a namespace governs, and under which name."""


def create(draft: NamespaceDraft, *, actor: Actor) -> Namespace:
    """A namespace with its associations, properties, objects and tags, or nothing of it.

    Duplicate when the name is taken, also by a namespace the actor cannot see: names are unique in the service.
    """
    check(draft)
    _check_new_names(draft)
    with definition_transaction(actor) as change:
        _require(draft, actor)
        row = insert(draft, change=change)
        change.concerns(row)
    return row


def modify(namespace: Namespace, draft: NamespaceDraft, *, actor: Actor) -> Namespace:
    """Replace the namespace's own fields, also its name; what is in it stays."""
    check_own(draft)
    with editing(namespace, "modify_metadef_namespace", actor=actor) as (row, change):
        check_new_name("namespace", draft.namespace, instead_of=row.namespace)
        return replace(row, draft, change=change)


def replace(row: Namespace, draft: NamespaceDraft, *, change: DefinitionEdit) -> Namespace:
    """Replace the fields by a checked draft's inside a change under way."""
    if draft.namespace != row.namespace:
        refuse_taken(draft.namespace)
    new = own_columns(draft)
    old = {column: getattr(row, column) for column in new}
    differing = differences(old, new)
    if not differing:
        return row
    for column, value in new.items():
        setattr(row, column, value)
    row.updated_at = now()
    row.save(update_fields=[*new, "updated_at"])
    rules = not _GOVERNS.isdisjoint(differing)
    record_edit(change, "namespace.update", row, changes=differing, rules=rules)
    return row


def delete(namespace: Namespace, *, actor: Actor) -> None:
    """Delete the namespace and everything in it; Protected when it is."""
    with editing(namespace, "delete_metadef_namespace", actor=actor) as (row, change):
        refuse_protected(row)
        remove(row, change=change)


def insert(
    draft: NamespaceDraft, *, change: DefinitionEdit, types_protected: bool = False
) -> Namespace:
    """Insert a checked draft inside a change under way."""
    refuse_taken(draft.namespace)
    row = Namespace.objects.create(**own_columns(draft))
    record_edit(change, "namespace.create", row, changes=differences({}, own_columns(draft)))
    for association in draft.associations:
        associations.add(row, association, change=change, protected=types_protected)
    for name, definition in draft.properties.items():
        properties.add(row, name, definition, change=change)
    for group in draft.objects:
        objects.add(row, group, change=change)
    for tag in draft.tags:
        tags.add(row, tag, change=change)
    return row


def remove(row: Namespace, *, change: DefinitionEdit) -> None:
    """Delete inside a change under way, whether protected or not."""
    record_edit(change, "namespace.delete", row, changes={"namespace": (row.namespace, None)})
    Namespace.objects.filter(pk=row.pk).delete()


def check(draft: NamespaceDraft) -> None:
    """InvalidDefinition for anything in the draft that cannot be used."""
    check_own(draft)
    for contents in (draft.associations, draft.properties, draft.objects, draft.tags):
        check_number(contents)
    for association in draft.associations:
        associations.check(association)
    for name, definition in draft.properties.items():
        properties.check(name, definition)
    for group in draft.objects:
        objects.check(group)
    for tag in draft.tags:
        check_name("tag", tag)


def _check_new_names(draft: NamespaceDraft) -> None:
    check_new_name("namespace", draft.namespace)
    for kind, names in (
        ("resource type", [one.name for one in draft.associations]),
        ("property", draft.properties),
        ("object", [one.name for one in draft.objects]),
        ("tag", draft.tags),
    ):
        for name in names:
            check_new_name(kind, name)
    for association in draft.associations:
        associations.check_new_prefix(association)


def check_own(draft: NamespaceDraft) -> None:
    check_name("namespace", draft.namespace)
    if draft.visibility not in {"public", "private"}:
        raise InvalidDefinition("visibility must be public or private", rule="visibility")
    for field, longest in _LIMITS.items():
        if len(getattr(draft, field) or "") > longest:
            raise InvalidDefinition(f"{field} is longer than {longest} characters", rule=field)


def refuse_taken(name: str) -> None:
    if Namespace.objects.filter(namespace=name).exists():
        raise Duplicate(f"there is a namespace {name!r} already", namespace=name)


def own_columns(draft: NamespaceDraft) -> dict[str, Any]:
    return {
        "namespace": draft.namespace,
        "display_name": draft.display_name,
        "description": draft.description,
        "visibility": draft.visibility,
        "protected": draft.protected,
        "owner": draft.owner,
    }


def _require(draft: NamespaceDraft, actor: Actor) -> None:
    policy, target = MetadefPolicy(actor), Namespace(**own_columns(draft))
    nested = {
        "add_metadef_namespace": True,
        "add_metadef_resource_type_association": draft.associations,
        "add_metadef_property": draft.properties,
        "add_metadef_object": draft.objects,
        "add_metadef_tag": draft.tags,
    }
    for rule in (name for name, wanted in nested.items() if wanted):
        if not policy.allows(rule, target):
            raise Forbidden(f"you may not do this ({rule})", rule=rule)
