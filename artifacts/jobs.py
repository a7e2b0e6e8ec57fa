"""The job that judges stored artifacts again after a namespace changed."""

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import F, Q, QuerySet
from typing_extensions import override

from artifacts.models import Artifact
from artifacts.types import ArtifactType, types
from catalog import failpoints
from catalog.actors import Actor
from catalog.jobs.queueing import enqueue
from catalog.jobs.registry import JobKind, Progress, Step
from catalog.jobs.registry import register as register_kind
from catalog.models import Job
from catalog.outbox.deliveries import add_deliveries
from metadefs.enforcement import check
from metadefs.schema import canonical
from metadefs.selectors import governance, owners_governing
from metadefs.services.epochs import read_locked
from metadefs.services.transactions import on_definitions_changed

BATCH = 200
DEFINITIONS = "metadef_resource_type"
KIND = "artifacts.revalidate"
AFTER_BATCH = failpoints.declare(
    "revalidate.after_batch", "some rows are judged anew, others are not"
)


class Judge(Step):
    """Rows whose epoch is older than the job's: judged in batches, each in a transaction of its own.

    What was judged carries the newer epoch, so a second run finds only the rest. Nothing else is written of a row that
    is judged as it was, and no delivery is added.
    """

    name = "judge"

    @override
    def run(self, job: Job, progress: Progress) -> None:
        epoch = int(job.input["epoch"])
        wanted = set(job.input["resource_types"])
        kinds = [k for k in types().values() if not wanted or k.resource_type in wanted]
        total = sum(_outdated(kind, epoch).count() for kind in kinds) or 1
        done = changed = 0
        for kind in kinds:
            for judged, differ in _batches(kind, epoch):
                done, changed = done + judged, changed + differ
                failpoints.reach(AFTER_BATCH)
                progress.report(min(done / total, 1.0))
        job.result = {"judged": done, "changed": changed}


class Revalidate(JobKind):
    name = KIND
    steps: ClassVar[tuple[Step, ...]] = (Judge(),)

    @override
    def concerns(self, job: Job) -> tuple[str, str]:
        """All assets of the resource types whose definitions changed; of all types where none is named."""
        found = job.input.get("resource_types", [])
        return (DEFINITIONS, found[0]) if len(found) == 1 else ("", ", ".join(found) or "*")


def _outdated(kind: ArtifactType, epoch: int) -> QuerySet[Artifact]:
    return Artifact.objects.filter(type=kind.name, deleted_at=None, checked_epoch__lt=epoch)


def _batches(kind: ArtifactType, epoch: int) -> Iterator[tuple[int, int]]:
    while True:
        with transaction.atomic():
            current = read_locked()
            rows = list(_outdated(kind, epoch).order_by("checked_epoch", "id")[:BATCH])
            owners = owners_governing(kind.resource_type)
            changed = {
                row.pk: row.project_id
                for row in rows
                if _judge(row, kind, current, always=row.project_id in owners)
            }
            same = _as_read([row for row in rows if row.pk not in changed])
            judged = len(changed) + same.update(checked_epoch=current)
            add_deliveries("search", kind.resource_type, changed, projects=changed)
        if not rows:
            return
        yield judged, len(changed)


def _as_read(rows: Iterable[Artifact]) -> QuerySet[Artifact]:
    """Those that nobody wrote since: the others come in the next batch, unless their writers judged them."""
    by_revision: dict[int, list[str]] = {}
    for row in rows:
        by_revision.setdefault(row.revision, []).append(row.pk)
    if not by_revision:
        return Artifact.objects.none()
    parts = [Q(revision=revision, pk__in=ids) for revision, ids in by_revision.items()]
    return Artifact.objects.filter(reduce(or_, parts))


def _judge(row: Artifact, kind: ArtifactType, epoch: int, *, always: bool) -> bool:
    """Write the row's validity and epoch where it is judged otherwise, or `always` where it has properties; False when
    nothing is written, also because somebody wrote the row itself meanwhile.
    """
    found = [
        v.shown()
        for v in check(row.properties, governance(kind.resource_type, row.project_id), changed=None)
    ]
    again = always and bool(row.properties)
    if not again and _in_any_order(found) == _in_any_order(row.violations):
        return False
    values = {"checked_epoch": epoch, "violations": found, "doc_version": F("doc_version") + 1}
    written = Artifact.objects.filter(pk=row.pk, revision=row.revision).update(**values)
    return bool(written)


def _in_any_order(violations: list[dict[str, Any]]) -> list[Any]:
    return sorted(map(canonical, violations))


def _enqueue(resource_types: frozenset[str], epoch: int, actor: Actor) -> None:
    enqueue(KIND, {"resource_types": sorted(resource_types), "epoch": epoch}, actor=actor)


def register() -> None:
    register_kind(Revalidate())
    on_definitions_changed(_enqueue)
