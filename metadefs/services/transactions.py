"""The transaction of every edit of definitions: no other one overlaps it, it raises the epoch, and listeners
are called. What changes nothing raises nothing, and calls nobody.

Apps whose assets are governed register with `on_definitions_changed`; they are called inside the
transaction, so what they queue there is lost or kept together with the change.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import transaction

from catalog.actors import Actor
from metadefs.models import Association, Namespace
from metadefs.services import epochs

Listener = Callable[[frozenset[str], int, Actor], object]
_listeners: list[Listener] = []


def on_definitions_changed(listener: Listener) -> None:
    """Call `listener(resource_types, epoch, actor)` after each change that may alter what is legal
    for their assets; titles, descriptions and the like alter nothing.
    """
    if listener not in _listeners:
        _listeners.append(listener)


@dataclass
class DefinitionEdit:
    """An edit under way: who makes it, which resource types' assets it may concern, whether it has
    `written` anything, and whether that altered what is legal (`rules`).
    """

    actor: Actor
    resource_types: set[str] = field(default_factory=set)
    written: bool = False
    rules: bool = False

    def concerns(self, namespace: Namespace) -> None:
        """The types that the namespace governs now; ask before and after associations change."""
        rows = Association.objects.filter(namespace_id=namespace.pk)
        self.resource_types |= set(rows.values_list("resource_type__name", flat=True))


@contextmanager
def definition_transaction(actor: Actor) -> Iterator[DefinitionEdit]:
    """A transaction that no other change of definitions overlaps; at its end the epoch is one higher
    if anything was written.
    """
    with transaction.atomic():
        epoch = epochs.lock()
        change = DefinitionEdit(actor)
        yield change
        if not change.written:
            return
        epoch = epochs.advance(epoch)
        if change.rules and change.resource_types:
            for listener in _listeners:
                listener(frozenset(change.resource_types), epoch, actor)


@contextmanager
def ungoverning_transaction(actor: Actor) -> Iterator[DefinitionEdit]:
    """As `definition_transaction`, for what governs nothing (tags): the epoch stays."""
    with transaction.atomic():
        epochs.lock()
        yield DefinitionEdit(actor)
