"""Taking in definitions from files: each namespace whole, or nothing of it."""

from dataclasses import replace
from typing import Literal

from catalog.actors import Actor
from metadefs import rules, schema
from metadefs.drafts import NamespaceDraft
from metadefs.errors import InvalidDefinition
from metadefs.files import Read
from metadefs.models import Namespace, ResourceType
from metadefs.selectors import association_draft
from metadefs.services import associations, namespaces, objects, properties, tags
from metadefs.services.changes import Change, changing
from metadefs.services.frames import revise

Strategy = Literal["skip", "merge", "prefer_new", "overwrite"]
Outcome = Literal["created", "skipped", "merged", "updated", "replaced"]
_OUTCOMES: dict[Strategy, Outcome] = {
    "merge": "merged",
    "prefer_new": "updated",
    "overwrite": "replaced",
}


def load(found: Read, *, strategy: Strategy, actor: Actor) -> Outcome:
    """Take in one namespace; what happens to one that is there says `strategy`:

    `skip` leaves it, `merge` adds what it lacks, `prefer_new` also replaces what both have (the
    mode of an association only when the file names one), `overwrite` deletes it first. Nothing is
    deleted otherwise.
    """
    namespaces.check(found.draft, default=False)
    with changing(actor) as change:
        row = _present(found)
        if row is None:
            change.concerns(namespaces.insert(found.draft, actor=actor, types_protected=True))
            return "created"
        if strategy == "skip":
            change.nothing = True
            return "skipped"
        change.concerns(row)
        if strategy == "overwrite":
            _replace(row, found.draft, change, actor)
        else:
            _merge(row, found, newer=strategy == "prefer_new", actor=actor)
            change.concerns(row)
        return _OUTCOMES[strategy]


def foresee(found: Read, *, strategy: Strategy) -> Outcome:
    """What `load` would do now, and InvalidDefinition as there; nothing is written."""
    namespaces.check(found.draft, default=False)
    if _present(found) is None:
        return "created"
    return "skipped" if strategy == "skip" else _OUTCOMES[strategy]


def odd_defaults(draft: NamespaceDraft) -> list[str]:
    """What is wrong with defaults, which a file may have and a caller may not."""
    said = []
    for _, name, definition in rules.definitions(draft):
        try:
            schema.check_default(name, definition)
        except InvalidDefinition as error:
            said.append(error.message)
    return said


def unload(*, actor: Actor) -> int:
    """Forget every definition, protected ones too, and every resource type; how many namespaces
    there were.
    """
    with changing(actor) as change:
        rows = list(Namespace.objects.order_by("namespace"))
        for row in rows:
            change.concerns(row)
            namespaces.remove(row, actor=actor)
        ResourceType.objects.all().delete()
    return len(rows)


def _present(found: Read) -> Namespace | None:
    return Namespace.objects.filter(namespace=found.draft.namespace).first()


def _replace(row: Namespace, draft: NamespaceDraft, change: Change, actor: Actor) -> None:
    namespaces.remove(row, actor=actor)
    change.concerns(namespaces.insert(draft, actor=actor, types_protected=True))


def _merge(row: Namespace, found: Read, *, newer: bool, actor: Actor) -> None:
    draft = found.draft
    if newer:
        namespaces.replace(row, draft, actor=actor)
    _merge_associations(row, found, newer=newer, actor=actor)
    known = set(row.properties.values_list("name", flat=True))
    for name, definition in draft.properties.items():
        if name not in known:
            properties.add(row, name, definition, actor=actor)
        elif newer:
            properties.replace(row, name, new_name=name, definition=definition, actor=actor)
    known = set(row.objects_defined.values_list("name", flat=True))
    for group in draft.objects:
        if group.name not in known:
            objects.add(row, group, actor=actor)
        elif newer:
            objects.replace(row, group.name, group, actor=actor)
    known = set(row.tags.values_list("name", flat=True))
    for tag in draft.tags:
        if tag not in known:
            tags.add(row, tag, actor=actor)
    revise(row)


def _merge_associations(row: Namespace, found: Read, *, newer: bool, actor: Actor) -> None:
    known = {
        one.resource_type.name: association_draft(one)
        for one in row.associations.select_related("resource_type")
    }
    for wanted in found.draft.associations:
        old = known.get(wanted.name)
        if old is None:
            associations.add(row, wanted, actor=actor, protected=True)
        elif newer:
            keeps = wanted.name not in found.moded
            kept = replace(wanted, mode=old.mode, strict=old.strict) if keeps else wanted
            associations.replace(row, kept, actor=actor)
