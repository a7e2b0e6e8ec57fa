"""Taking in definitions from files: each namespace whole, or nothing of it."""

from dataclasses import replace
from typing import Any, Literal

from catalog.actors import Actor
from metadefs.drafts import NamespaceDraft
from metadefs.files import Read
from metadefs.models import Namespace, ResourceType
from metadefs.selectors import association_draft, draft_of, with_contents
from metadefs.services import associations, namespaces, objects, properties, tags
from metadefs.services.edits import differences, revise
from metadefs.services.transactions import DefinitionEdit, definition_transaction

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
    deleted otherwise, and nothing is written where the file says what is there already.
    """
    namespaces.check(found.draft)
    with definition_transaction(actor) as change:
        row = _present(found)
        if row is None:
            change.concerns(namespaces.insert(found.draft, change=change, types_protected=True))
            return "created"
        if strategy == "skip":
            return "skipped"
        change.concerns(row)
        if strategy == "overwrite":
            _replace(row, found.draft, change)
        else:
            _merge(row, found, change, newer=strategy == "prefer_new")
            change.concerns(row)
        return _OUTCOMES[strategy]


def foresee(found: Read, *, strategy: Strategy) -> Outcome:
    """What `load` would do now, and InvalidDefinition as there; nothing is written."""
    namespaces.check(found.draft)
    if _present(found) is None:
        return "created"
    return "skipped" if strategy == "skip" else _OUTCOMES[strategy]


def unload(*, actor: Actor) -> int:
    """Forget every definition, protected ones too, and every resource type; how many namespaces there were."""
    with definition_transaction(actor) as change:
        rows = list(Namespace.objects.order_by("namespace"))
        for row in rows:
            change.concerns(row)
            namespaces.remove(row, change=change)
        ResourceType.objects.all().delete()
    return len(rows)


def _present(found: Read) -> Namespace | None:
    return Namespace.objects.filter(namespace=found.draft.namespace).first()


def _replace(row: Namespace, draft: NamespaceDraft, change: DefinitionEdit) -> None:
    (present,) = with_contents(Namespace.objects.filter(pk=row.pk))
    if not differences(_contents(draft_of(present)), _contents(draft)):
        return
    namespaces.remove(row, change=change)
    change.concerns(namespaces.insert(draft, change=change, types_protected=True))


def _contents(draft: NamespaceDraft) -> dict[str, Any]:
    """All that is stored of a draft; equal for drafts that leave the same behind."""
    return {
        **namespaces.own_columns(draft),
        "associations": {one.name: associations.columns(one) for one in draft.associations},
        "properties": {name: dict(one) for name, one in draft.properties.items()},
        "objects": {one.name: objects.columns(one) for one in draft.objects},
        "tags": sorted(draft.tags),
    }


def _merge(row: Namespace, found: Read, change: DefinitionEdit, *, newer: bool) -> None:
    draft = found.draft
    if newer:
        namespaces.replace(row, draft, change=change)
    _merge_associations(row, found, newer=newer, change=change)
    _merge_contents(row, draft, newer=newer, change=change)
    if change.written:
        revise(row)


def _merge_contents(
    row: Namespace, draft: NamespaceDraft, *, newer: bool, change: DefinitionEdit
) -> None:
    known = set(row.properties.values_list("name", flat=True))
    for name, definition in draft.properties.items():
        if name not in known:
            properties.add(row, name, definition, change=change)
        elif newer:
            properties.replace(row, name, new_name=name, definition=definition, change=change)
    known = set(row.objects_defined.values_list("name", flat=True))
    for group in draft.objects:
        if group.name not in known:
            objects.add(row, group, change=change)
        elif newer:
            objects.replace(row, group.name, group, change=change)
    known = set(row.tags.values_list("name", flat=True))
    for tag in draft.tags:
        if tag not in known:
            tags.add(row, tag, change=change)


def _merge_associations(
    row: Namespace, found: Read, *, newer: bool, change: DefinitionEdit
) -> None:
    known = {
        one.resource_type.name: association_draft(one)
        for one in row.associations.select_related("resource_type")
    }
    for wanted in found.draft.associations:
        old = known.get(wanted.name)
        if old is None:
            associations.add(row, wanted, change=change, protected=True)
        elif newer:
            keeps = wanted.name not in found.moded
            kept = replace(wanted, mode=old.mode, strict=old.strict) if keeps else wanted
            associations.replace(row, kept, change=change)
