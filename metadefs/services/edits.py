"""What every edit of a namespace consists of: the row as it is now, the policy asked, no other edit
at the same time, the epoch raised, the event written. An edit that changes nothing writes nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db.models import F

from catalog.actors import Actor
from catalog.events.recording import Change, record
from metadefs import schema
from metadefs.models import Namespace
from metadefs.policies import MetadefPolicy, absent
from metadefs.services import contents
from metadefs.services.transactions import (
    DefinitionEdit,
    definition_transaction,
    ungoverning_transaction,
)


@contextmanager
def editing(
    namespace: Namespace, *rules: str, actor: Actor
) -> Iterator[tuple[Namespace, DefinitionEdit]]:
    """Edit what a namespace governs: its row as it is now, and the edit under way."""
    with definition_transaction(actor) as change:
        row = present(namespace, *rules, actor=actor)
        change.concerns(row)
        used = contents.bytes_in(row)
        yield row, change
        contents.require_within_limit(row, used=used)
        change.concerns(row)
        if change.written:
            revise(row)


@contextmanager
def editing_tags(
    namespace: Namespace, *rules: str, actor: Actor
) -> Iterator[tuple[Namespace, DefinitionEdit]]:
    """Edit the tags of a namespace, which govern nothing."""
    with ungoverning_transaction(actor) as change:
        row = present(namespace, *rules, actor=actor)
        used = contents.bytes_in(row)
        yield row, change
        contents.require_within_limit(row, used=used)
        if change.written:
            revise(row)


def present(namespace: Namespace, *rules: str, actor: Actor) -> Namespace:
    """The namespace as it is under the lock, after the policies were asked; NotFound when it is gone."""
    row = Namespace.objects.filter(pk=namespace.pk).first()
    if row is None:
        raise absent(namespace.namespace)
    for rule in rules:
        MetadefPolicy(actor).require(rule, row)
    return row


def revise(namespace: Namespace) -> None:
    """Raise the revision; a row deleted meanwhile has none."""
    Namespace.objects.filter(pk=namespace.pk).update(revision=F("revision") + 1)


def record_edit(
    change: DefinitionEdit,
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
        changes={path: Change(old=old, new=new) for path, (old, new) in changes.items()},
    )


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields whose value differs as JSON, where 1 is neither 1.0 nor true; old and new."""
    pairs = {key: (old.get(key), new.get(key)) for key in {**old, **new}}
    return {
        key: (one, other)
        for key, (one, other) in pairs.items()
        if schema.canonical(one) != schema.canonical(other)
    }
