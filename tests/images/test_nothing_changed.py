"""A write that changes nothing writes nothing: no event, no delivery to the index, no new tag, no new time."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from artifacts import jobs
from artifacts.models import Artifact, Member
from catalog.actors import Actor
from catalog.jobs import running
from catalog.models import Delivery, Event, Job
from images.models import ProjectLimit, RegisteredLimit
from images.services import limits
from metadefs.drafts import AssociationDraft, NamespaceDraft
from metadefs.models import Namespace
from metadefs.services import namespaces, properties
from tests.support.images import V2_1, Caller, administrator, callers

pytestmark = pytest.mark.django_db
ROOT = Actor(user_id="root", project_id="p", roles=frozenset({"admin"}), is_admin=True)
Call = Callable[[Caller, str], Any]


def patched(*operations: tuple[str, str, Any]) -> Call:
    sent = [{"op": op, "path": path, "value": value} for op, path, value in operations]
    return lambda caller, path: caller.call("PATCH", path, sent, V2_1)


SAME: dict[str, Call] = {
    "a tag": lambda caller, path: caller.call("PUT", f"{path}/tags/a"),
    "the last tag": lambda caller, path: caller.call("PUT", f"{path}/tags/c"),
    "the tags in another order": patched(("replace", "/tags", ["c", "a", "b"])),
    "a field": patched(("replace", "/name", "it"), ("replace", "/min_ram", 0)),
    "a property": patched(("replace", "/p", "1"), ("add", "/q", "2")),
    "there and back": patched(("replace", "/name", "y"), ("replace", "/name", "it")),
    "no operation": patched(),
}


def writes(run: Callable[[], Any]) -> list[str]:
    """The statements of `run` that write rows; what it answers must be good."""
    with CaptureQueriesContext(connection) as asked:
        answer = run()
    assert answer is None or answer.status_code in {200, 204}, answer.content
    words = [one["sql"].split(maxsplit=1)[0] for one in asked.captured_queries]
    return [word for word in words if word in {"INSERT", "UPDATE", "DELETE"}]


@pytest.mark.parametrize("name", SAME)
def test_nothing_is_written_of_an_image(name: str) -> None:
    (ada,) = callers("ada")
    path = f"/v2/images/{ada.create(name='it', tags=['a', 'b', 'c'], p='1', q='2')['id']}"
    before, row = ada.call("GET", path), Artifact.objects.get()
    Delivery.objects.all().delete()
    events = Event.objects.count()
    SAME[name](ada, path)
    assert writes(lambda: SAME[name](ada, path)) == []
    after = ada.call("GET", path)
    assert (after.json(), after["ETag"]) == (before.json(), before["ETag"])
    assert Artifact.objects.get().doc_version == row.doc_version
    assert Event.objects.count() == events
    assert not Delivery.objects.exists()
    assert writes(lambda: ada.call("PUT", f"{path}/tags/d")), "what changes something is seen"


def test_only_what_changes_is_remembered() -> None:
    (ada,) = callers("ada")
    made = ada.create(name="it", tags=["a", "b"])["id"]
    again = {"op": "replace", "path": "/tags", "value": ["b", "a"]}
    rename = {"op": "replace", "path": "/name", "value": "other"}
    assert ada.patch(made, again, rename).status_code == 200
    assert Event.objects.get(kind="image.update").changes == {"name": ["it", "other"]}


def test_the_same_answer_again_is_none() -> None:
    ada, bob = callers("ada", "bob")
    path = f"/v2/images/{ada.create(name='it', visibility='shared')['id']}/members"
    assert ada.call("POST", path, {"member": bob.project.pk}).status_code == 200
    accept = {"status": "accepted"}
    mine = f"{path}/{bob.project.pk}"
    first = bob.call("PUT", mine, accept).json()
    events, member = Event.objects.count(), Member.objects.get()
    assert writes(lambda: bob.call("PUT", mine, accept)) == []
    assert bob.call("PUT", mine, accept).json() == first
    assert (Event.objects.count(), Member.objects.get().updated_at) == (events, member.updated_at)
    assert bob.call("PUT", mine, {"status": "rejected"}).json()["status"] == "rejected"
    assert Event.objects.count() == events + 1


def test_a_state_that_is_there_already() -> None:
    ada, root = *callers("ada"), administrator()
    made = ada.create(name="it")["id"]
    Artifact.objects.update(status="active")
    path = f"/v2/images/{made}/actions"
    assert writes(lambda: root.call("POST", f"{path}/reactivate")) == []
    assert root.call("POST", f"{path}/deactivate").status_code == 204
    assert writes(lambda: root.call("POST", f"{path}/deactivate")) == []


def test_a_limit_that_is_there_already() -> None:
    resource = "image_count_total"
    limits.set_default(resource, 5, actor=ROOT)
    pk = limits.set_for_project("p", resource, 6, actor=ROOT)
    events = Event.objects.count()
    assert writes(lambda: limits.set_default(resource, 5, actor=ROOT)) == []
    assert limits.set_for_project("p", resource, 6, actor=ROOT) == pk
    assert limits.set_for_project("other", resource, None, actor=ROOT) is None
    assert Event.objects.count() == events
    assert (RegisteredLimit.objects.get().limit, ProjectLimit.objects.get().limit) == (5, 6)


def judged_again() -> dict[str, Any]:
    job = Job.objects.get(kind="artifacts.revalidate", state="queued")
    assert running.run(job.pk)
    job.refresh_from_db()
    assert job.state == "succeeded", job.error
    return dict(job.result)


def test_judging_again_touches_only_what_is_judged_otherwise() -> None:
    (ada,) = callers("ada")
    good, poor = (ada.create(name="it", cores=n, mem=n)["id"] for n in ("2", "6"))

    def cores(maximum: int, **more: Any) -> dict[str, Any]:
        return {"title": "C", "type": "integer", "maximum": maximum, **more}

    draft = NamespaceDraft(
        namespace="N",
        visibility="public",
        properties={"cores": cores(8), "mem": cores(8)},
        associations=(AssociationDraft(name="OS::Glance::Image", mode="warn"),),
    )
    Delivery.objects.all().delete()
    versions = dict(Artifact.objects.values_list("pk", "doc_version"))
    namespaces.create(draft, actor=ROOT)
    assert judged_again() == {"judged": 2, "changed": 0}
    assert not Delivery.objects.filter(consumer="search").exists()
    assert dict(Artifact.objects.values_list("pk", "doc_version")) == versions
    row = Namespace.objects.get()
    for name in ("cores", "mem"):
        properties.modify(row, name, new_name=name, definition=cores(4), actor=ROOT)
        assert judged_again() == {"judged": 2, "changed": 1}
        outstanding = Delivery.objects.get(consumer="search")
        assert (outstanding.object_id, outstanding.project_id) == (poor, ada.project.pk)
        Delivery.objects.all().delete()
    properties.modify(row, "mem", new_name="mem", definition=cores(5), actor=ROOT)
    assert judged_again() == {"judged": 2, "changed": 1}, "the message names another maximum"
    assert Artifact.objects.get(pk=good).doc_version == versions[good]
    mended = {"op": "replace", "path": "/mem", "value": "3"}
    assert ada.patch(poor, mended).status_code == 200
    Delivery.objects.all().delete()
    properties.modify(row, "mem", new_name="mem", definition=cores(3), actor=ROOT)
    assert judged_again() == {"judged": 2, "changed": 0}
    properties.modify(row, "mem", new_name="mem", definition=cores(3, description="d"), actor=ROOT)
    assert not Job.objects.filter(state="queued").exists(), "nothing is judged by a description"


@pytest.mark.parametrize("poor", ["5", "2"], ids=["judged otherwise", "judged as it was"])
def test_an_image_that_was_written_while_it_was_judged_is_judged_again(
    poor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who renames an image, or uploads its data, does not judge it."""
    (ada,) = callers("ada")
    made = [ada.create(name="it", cores=poor)["id"] for _ in range(3)]
    check, judged = jobs.check, 0

    def renamed(*args: Any, **rest: Any) -> Any:
        nonlocal judged
        judged += 1
        if judged == 1:
            Artifact.objects.update(name="other", revision=F("revision") + 1)
        return check(*args, **rest)

    monkeypatch.setattr(jobs, "check", renamed)
    draft = NamespaceDraft(
        namespace="N",
        visibility="public",
        properties={"cores": {"title": "C", "type": "integer", "maximum": 4}},
        associations=(AssociationDraft(name="OS::Glance::Image", mode="warn"),),
    )
    namespaces.create(draft, actor=ROOT)
    assert judged_again() == {"judged": 3, "changed": 3 if poor == "5" else 0}
    assert judged == 6, "all three twice"
    rows = list(Artifact.objects.filter(pk__in=made))
    assert [bool(row.violations) for row in rows] == [poor == "5"] * 3
    assert {row.checked_epoch for row in rows} == {Job.objects.get().input["epoch"]}
