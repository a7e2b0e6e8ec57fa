"""Changing the tags of a namespace. They govern nothing, so the epoch stays."""

from collections.abc import Sequence

from catalog.actors import Actor
from catalog.clock import now
from metadefs.models import Namespace, Tag
from metadefs.services.edits import editing_tags, record_edit
from metadefs.services.naming import (
    check_name,
    check_new_name,
    check_number,
    child,
    refuse_protected,
    taken,
)
from metadefs.services.transactions import DefinitionEdit


def create(namespace: Namespace, name: str, *, actor: Actor) -> Tag:
    """Add one tag; Duplicate when it is there."""
    check_name("tag", name)
    check_new_name("tag", name)
    with editing_tags(namespace, "add_metadef_tag", actor=actor) as (row, change):
        return add(row, name, change=change)


def create_many(
    namespace: Namespace, names: Sequence[str], *, append: bool, actor: Actor
) -> list[Tag]:
    """Add all of `names`, or none: Duplicate when one repeats, or is there and is to be added.

    Without `append` they replace the tags that were there; an empty list replaces nothing.
    """
    check_number(names)
    for name in names:
        check_name("tag", name)
    with editing_tags(namespace, "add_metadef_tags", actor=actor) as (row, change):
        there = {} if append else _kept(row, names, change)
        for name in sorted(set(names) - there.keys()):
            check_new_name("tag", name)
        return [
            there.pop(name) if name in there else add(row, name, change=change) for name in names
        ]


def rename(namespace: Namespace, name: str, *, new_name: str, actor: Actor) -> Tag:
    check_name("tag", new_name)
    check_new_name("tag", new_name, instead_of=name)
    with editing_tags(namespace, "modify_metadef_tag", actor=actor) as (row, change):
        found = child(row.tags.all(), row, "tag", name)
        if new_name == name:
            return found
        if row.tags.filter(name=new_name).exists():
            raise taken(row, "tag", new_name)
        found.name, found.updated_at = new_name, now()
        found.save(update_fields=["name", "updated_at"])
        record_edit(
            change, "tag.update", row, new_name, changes={"name": (name, new_name)}, rules=False
        )
    return found


def delete(namespace: Namespace, name: str, *, actor: Actor) -> None:
    """Remove one tag; Protected when the namespace is."""
    with editing_tags(namespace, "delete_metadef_tag", actor=actor) as (row, change):
        found = child(row.tags.all(), row, "tag", name)
        refuse_protected(row)
        record_edit(change, "tag.delete", row, name, changes={"name": (name, None)}, rules=False)
        found.delete()


def delete_all(namespace: Namespace, *, actor: Actor) -> None:
    rules = ("delete_metadef_namespace", "delete_metadef_tags")
    with editing_tags(namespace, *rules, actor=actor) as (row, change):
        refuse_protected(row)
        names = list(row.tags.order_by("name").values_list("name", flat=True))
        if not names:
            return
        row.tags.all().delete()
        record_edit(
            change, "namespace.delete_tags", row, changes={"tags": (names, [])}, rules=False
        )


def add(namespace: Namespace, name: str, *, change: DefinitionEdit) -> Tag:
    """Insert a checked tag inside a change under way."""
    if namespace.tags.filter(name=name).exists():
        raise taken(namespace, "tag", name)
    found = namespace.tags.create(name=name)
    record_edit(change, "tag.create", namespace, name, changes={"name": (None, name)}, rules=False)
    return found


def _kept(row: Namespace, names: Sequence[str], change: DefinitionEdit) -> dict[str, Tag]:
    """The namespace's tags that are among `names`; the others are removed, if any name is given."""
    there = {one.name: one for one in row.tags.order_by("name")} if names else {}
    for name in sorted(there.keys() - set(names)):
        record_edit(change, "tag.delete", row, name, changes={"name": (name, None)}, rules=False)
        there.pop(name).delete()
    return there
