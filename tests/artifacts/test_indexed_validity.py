"""`valid` and `violated_properties` of documents tell what everybody's namespaces say, and nothing of private ones."""

from dataclasses import replace
from typing import Any

import pytest

from artifacts.documents import ArtifactDocuments
from artifacts.heat_templates import HEAT_TEMPLATES
from artifacts.models import Artifact
from catalog.jobs import running
from catalog.models import Delivery, Job
from metadefs.drafts import AssociationDraft, NamespaceDraft, ObjectDraft
from metadefs.models import Namespace
from metadefs.services import namespaces
from tests.metadefs.callers import ADMIN, actor

pytestmark = pytest.mark.django_db
ROOT = actor(ADMIN)
KIND = HEAT_TEMPLATES.resource_type
PRIVATE: dict[str, Any] = {"visibility": "private", "owner": "one"}
PUBLIC: dict[str, Any] = {"visibility": "public", "owner": "one"}
NOBODYS: dict[str, Any] = {"visibility": "private", "owner": None}


def draft(name: str, maximum: int, **fields: Any) -> NamespaceDraft:
    cores = {"title": "C", "type": "integer", "maximum": maximum}
    secret = {"secret": {"title": "S", "type": "string"}, "cores": cores}
    return NamespaceDraft(
        namespace=name,
        properties={"cores": cores},
        objects=(ObjectDraft(name="o", required=("secret",), properties=secret),),
        associations=(AssociationDraft(name=KIND, mode="warn"),),
        **fields,
    )


def artifact(owner: str | None = "one") -> str:
    row = Artifact.objects.create(
        type=HEAT_TEMPLATES.name,
        name="x",
        version=str(Artifact.objects.count()),
        status="active",
        visibility="public",
        project_id=owner,
        properties={"cores": "6"},
    )
    return row.pk


def judged() -> None:
    for pk in Job.objects.filter(kind="artifacts.revalidate", state="queued").values_list("pk"):
        assert running.run(pk[0])


def told(pk: str) -> list[str]:
    [found] = ArtifactDocuments().load([pk])
    assert found.body is not None
    assert found.body["valid"] is not bool(found.body["violated_properties"])
    return list(found.body["violated_properties"])


def modified(row: Namespace, changed: NamespaceDraft) -> None:
    namespaces.modify(row, changed, actor=ROOT)


def indexed_anew(pk: str) -> bool:
    found = Delivery.objects.filter(consumer="search", object_id=pk).exists()
    Delivery.objects.all().delete()
    return found


def test_documents_tell_nothing_of_private_namespaces() -> None:
    own, foreign, nobodys = artifact(), artifact("two"), artifact(None)
    namespaces.create(draft("theirs", 4, **PRIVATE), actor=ROOT)
    judged()
    broken = {one["property"] for one in Artifact.objects.get(pk=own).violations}
    assert broken == {"cores", "secret"}, "the row, which the asset's page shows, remembers them"
    assert [told(one) for one in (own, foreign, nobodys)] == [[], [], []]


def test_nor_that_a_private_namespace_accepts_what_a_public_one_refuses() -> None:
    own, foreign = artifact(), artifact("two")
    namespaces.create(draft("theirs", 8, **PRIVATE), actor=ROOT)
    namespaces.create(draft("ours", 4, visibility="public"), actor=ROOT)
    judged()
    assert told(own) == told(foreign) == ["cores", "secret"]


@pytest.mark.parametrize("opened", [PUBLIC, NOBODYS], ids=["public", "nobody's"])
def test_a_namespace_that_turns_public_or_private_has_its_documents_rewritten(
    opened: dict[str, Any],
) -> None:
    own, foreign = artifact(), artifact("two")
    kept = draft("theirs", 4, **PRIVATE)
    row = namespaces.create(kept, actor=ROOT)
    namespaces.create(draft("also theirs", 6, **PRIVATE), actor=ROOT)
    judged()
    indexed_anew(own)
    for changed, broken in ((replace(kept, **opened), ["cores", "secret"]), (kept, [])):
        modified(row, changed)
        judged()
        assert told(own) == told(foreign) == broken
        assert indexed_anew(own), "though its own verdict is what it was"
