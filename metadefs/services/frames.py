"""The frame of each verb: the row as it is now, the policy asked, the change alone, the epoch
raised, the event written. A verb that finds everything as it is to be writes nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db.models import F

from catalog.actors import Actor
from catalog.events.recording import Change as Changed
from catalog.events.recording import record
from metadefs import schema
from metadefs.models import Namespace
from metadefs.policies import MetadefPolicy, absent
from metadefs.services import contents
from metadefs.services.changes import Change, changing, noting


@contextmanager
def governing(
    namespace: Namespace, *rules: str, actor: Actor
) -> Iterator[tuple[Namespace, Change]]:
    """Change what a namespace governs: its present row, and the change under way."""
    with changing(actor) as change:
        row = present(namespace, *rules, actor=actor)
        change.concerns(row)
        used = contents.bytes_in(row)
        yield row, change
        contents.require_light(row, used=used)
        change.concerns(row)
        if change.written:
            revise(row)


@contextmanager
def suggesting(
    namespace: Namespace, *rules: str, actor: Actor
) -> Iterator[tuple[Namespace, Change]]:
    """Change what a namespace suggests only (tags)."""
    with noting(actor) as change:
        row = present(namespace, *rules, actor=actor)
        used = contents.bytes_in(row)
        yield row, change
        contents.require_light(row, used=used)
        if change.written:
            revise(row)


def present(namespace: Namespace, *rules: str, actor: Actor) -> Namespace:
    """The namespace as it is under the lock, after the policies were asked; NotFound when it is
    gone.
    """
    row = Namespace.objects.filter(pk=namespace.pk).first()
    if row is None:
        raise absent(namespace.namespace)
    for rule in rules:
        MetadefPolicy(actor).require(rule, row)
    return row


def revise(namespace: Namespace) -> None:
    """Raise the revision; a row deleted meanwhile has none."""
    Namespace.objects.filter(pk=namespace.pk).update(revision=F("revision") + 1)


def tell(
    change: Change,
    kind: str,
    namespace: Namespace,
    name: str | None = None,
    *,
    changes: Mapping[str, tuple[Any, Any]],
    rules: bool = True,
) -> None:
    """Record `metadef_<kind>` of the namespace, or of the thing `name` in it; `rules`: whether it may
    alter what is legal.
    """
    change.written = True
    change.rules |= rules
    record(
        f"metadef_{kind}",
        object_type=f"metadef_{kind.partition('.')[0]}",
        object_id=namespace.namespace if name is None else f"{namespace.namespace}/{name}",
        project_id=namespace.owner,
        actor=change.actor,
        changes={path: Changed(old=old, new=new) for path, (old, new) in changes.items()},
    )


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields whose value differs as JSON, where 1 is neither 1.0 nor true; old and new."""
    pairs = {key: (old.get(key), new.get(key)) for key in {**old, **new}}
    return {
        key: (one, other)
        for key, (one, other) in pairs.items()
        if schema.canonical(one) != schema.canonical(other)
    }
