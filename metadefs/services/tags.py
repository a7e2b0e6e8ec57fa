"""Changing the tags of a namespace. They govern nothing, so the epoch stays."""

from collections.abc import Sequence

from catalog.actors import Actor
from catalog.clock import now
from metadefs.models import Namespace, Tag
from metadefs.services.frames import suggesting, tell
from metadefs.services.naming import check_name, check_number, child, refuse_protected, taken


def create(namespace: Namespace, name: str, *, actor: Actor) -> Tag:
    """Add one tag; Duplicate when it is there."""
    check_name("tag", name)
    with suggesting(namespace, "add_metadef_tag", actor=actor) as row:
        return add(row, name, actor=actor)


def create_many(
    namespace: Namespace, names: Sequence[str], *, append: bool, actor: Actor
) -> list[Tag]:
    """Add all of `names`, or none: Duplicate when one repeats or is there.

    Without `append` the tags that were there are removed first; an empty list removes nothing.
    """
    check_number(names)
    for name in names:
        check_name("tag", name)
    with suggesting(namespace, "add_metadef_tags", actor=actor) as row:
        if names and not append:
            for old in row.tags.order_by("name"):
                tell("tag.delete", row, old.name, actor=actor, changes={"name": (old.name, None)})
            row.tags.all().delete()
        return [add(row, name, actor=actor) for name in names]


def rename(namespace: Namespace, name: str, *, new_name: str, actor: Actor) -> Tag:
    check_name("tag", new_name)
    with suggesting(namespace, "modify_metadef_tag", actor=actor) as row:
        found = child(row.tags.all(), row, "tag", name)
        if new_name != name and row.tags.filter(name=new_name).exists():
            raise taken(row, "tag", new_name)
        found.name, found.updated_at = new_name, now()
        found.save(update_fields=["name", "updated_at"])
        tell("tag.update", row, new_name, actor=actor, changes={"name": (name, new_name)})
    return found


def delete(namespace: Namespace, name: str, *, actor: Actor) -> None:
    """Remove one tag; Protected when the namespace is."""
    with suggesting(namespace, "delete_metadef_tag", actor=actor) as row:
        found = child(row.tags.all(), row, "tag", name)
        refuse_protected(row)
        tell("tag.delete", row, name, actor=actor, changes={"name": (name, None)})
        found.delete()


def delete_all(namespace: Namespace, *, actor: Actor) -> None:
    rules = ("delete_metadef_namespace", "delete_metadef_tags")
    with suggesting(namespace, *rules, actor=actor) as row:
        refuse_protected(row)
        names = list(row.tags.order_by("name").values_list("name", flat=True))
        row.tags.all().delete()
        tell("namespace.delete_tags", row, actor=actor, changes={"tags": (names, [])})


def add(namespace: Namespace, name: str, *, actor: Actor) -> Tag:
    """Insert a checked tag inside a change under way."""
    if namespace.tags.filter(name=name).exists():
        raise taken(namespace, "tag", name)
    found = namespace.tags.create(name=name)
    tell("tag.create", namespace, name, actor=actor, changes={"name": (None, name)})
    return found
