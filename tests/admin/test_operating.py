"""Events, deliveries and jobs: what operators see, and the two things they can do."""

import pytest
from django.test import Client
from django.urls import reverse

from catalog.actors import system_actor
from catalog.clock import now
from catalog.jobs.queueing import enqueue
from catalog.models import Delivery, Event, Job
from catalog.outbox.deliveries import add_deliveries
from tests.support import hints
from tests.support.identity import make_project, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.urls")]
DELIVERIES = "/admin/catalog/delivery/"
JOBS = "/admin/catalog/job/"
EVENTS = "/admin/catalog/event/"


def parked(object_id: str = "a") -> Delivery:
    add_deliveries("search", "OS::Glance::Image", [object_id])
    Delivery.objects.filter(object_id=object_id).update(
        parked=True, attempts=8, error="mapper_parsing_exception"
    )
    return Delivery.objects.get(object_id=object_id)


def failed(**values) -> Job:
    job = enqueue("tests.sleep", {"a": 1}, actor=system_actor("tests"))
    given = {"state": "failed", "error": "disk full", "error_code": "store_full", "attempts": 3}
    Job.objects.filter(pk=job.pk).update(
        **{**given, "steps_done": ["one"], "finished_at": now(), **values}
    )
    return Job.objects.get(pk=job.pk)


def act(client: Client, path: str, action: str, *ids: object):
    return client.post(path, {"action": action, "_selected_action": list(ids)}, follow=True)


def test_only_administrators_enter(client: Client) -> None:
    client.force_login(make_user("ada", make_project("ours"), ["member"]))
    assert client.get(EVENTS).status_code == 302
    assert "Vitrine" in client.get(reverse("admin:login")).content.decode()


@pytest.mark.parametrize("path", [EVENTS, DELIVERIES, JOBS])
def test_nothing_is_added_changed_or_deleted_by_hand(operator: Client, path: str, system) -> None:
    row = {DELIVERIES: parked, JOBS: failed}.get(path, lambda: None)() or Event.objects.create(
        kind="image.create", object_type="OS::Glance::Image", object_id="a"
    )
    assert operator.get(f"{path}add/").status_code == 403
    assert operator.get(f"{path}{row.pk}/change/").status_code == 200
    assert operator.post(f"{path}{row.pk}/change/", {"kind": "x"}).status_code == 403
    assert operator.post(f"{path}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    answer = act(operator, path, "delete_selected", row.pk)
    assert answer.status_code == 200
    assert type(row).objects.filter(pk=row.pk).exists()


def test_parked_deliveries_show_their_error_and_are_retried(operator: Client) -> None:
    row = parked()
    assert (
        "mapper_parsing_exception" in operator.get(DELIVERIES + "?parked__exact=1").content.decode()
    )
    answer = act(operator, DELIVERIES, "retry", row.pk)
    assert "1 is due again" in answer.content.decode()
    row.refresh_from_db()
    assert (row.parked, row.attempts, row.error) == (False, 0, "")
    event = Event.objects.get(kind="delivery.retry")
    assert event.object_id == str(row.pk)
    assert event.actor_user_id


def test_deliveries_that_are_not_parked_are_left_alone(operator: Client) -> None:
    add_deliveries("search", "OS::Glance::Image", ["a"])
    row = Delivery.objects.get()
    due = row.due_at
    act(operator, DELIVERIES, "retry", row.pk)
    row.refresh_from_db()
    assert row.due_at == due
    assert not Event.objects.filter(kind="delivery.retry").exists()


def test_a_failed_job_runs_again_from_its_first_step(
    operator: Client, django_capture_on_commit_callbacks
) -> None:
    job = failed()
    hints.remembered.clear()
    with django_capture_on_commit_callbacks(execute=True):
        answer = act(operator, JOBS, "run_again", job.pk)
    assert "1 job is queued" in answer.content.decode()
    job.refresh_from_db()
    assert (job.state, job.steps_done, job.attempts, job.error) == ("queued", [], 0, "")
    assert job.finished_at is None
    assert hints.remembered == [job.pk]
    assert Event.objects.get(kind="job.run_again").changes["state"] == ["failed", "queued"]


@pytest.mark.parametrize("state", ["running", "queued", "succeeded", "cancelled"])
def test_a_job_that_has_not_failed_is_left_alone(operator: Client, state: str) -> None:
    job = failed(state=state)
    answer = act(operator, JOBS, "run_again", job.pk)
    assert f"Job is {state}; run_again" in answer.content.decode()
    job.refresh_from_db()
    assert (job.state, job.steps_done) == (state, ["one"])


def test_a_failed_job_does_not_run_beside_another_of_its_key(operator: Client) -> None:
    job = failed(key="k")
    enqueue("tests.sleep", {}, actor=system_actor("tests"), key="k")
    answer = act(operator, JOBS, "run_again", job.pk)
    assert "is queued already" in answer.content.decode()
    job.refresh_from_db()
    assert job.state == "failed"


def test_events_are_found_by_the_beginning_of_the_objects_id(operator: Client) -> None:
    for object_id in ("abc-1", "abd-2"):
        Event.objects.create(
            kind="image.create", object_type="OS::Glance::Image", object_id=object_id
        )
    text = operator.get(EVENTS + "?q=abc").content.decode()
    assert "abc-1" in text
    assert "abd-2" not in text
    assert operator.get(EVENTS + "?q=%00").status_code == 200


@pytest.mark.parametrize(("path", "queries"), [(EVENTS, 5), (DELIVERIES, 5), (JOBS, 4)])
def test_lists_take_a_fixed_number_of_queries(
    operator: Client, path: str, queries: int, django_assert_num_queries, system
) -> None:
    for number in range(20):
        Event.objects.create(kind="x", object_type="OS::Glance::Image", object_id=f"e{number}")
        enqueue("tests.sleep", {}, actor=system)
        parked(f"d{number}")
    with django_assert_num_queries(queries):
        assert operator.get(path).status_code == 200


def test_groups_are_not_offered(operator: Client) -> None:
    """Rights are roles on projects."""
    page = operator.get("/admin/").content.decode()
    assert "Deliveries" in page
    assert "/auth/group/" not in page
    assert operator.get("/admin/auth/group/").status_code == 404
