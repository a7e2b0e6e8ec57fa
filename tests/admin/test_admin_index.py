"""The admin's front page says how the service is, what waits for a person, and where to act on it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from catalog.actors import system_actor
from catalog.clock import now
from catalog.jobs.queueing import enqueue
from catalog.models import Delivery, Job
from catalog.outbox.deliveries import add_deliveries
from settings import admin_index, health
from settings.health import Health
from tests.admin.test_artifact_lists import plan

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.urls")]
WELL = {"database": Health(ok=True, seconds=0.002), "search": Health(ok=True)}


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Health]:
    """What the parts say; they have tests of their own."""
    parts = dict(WELL)
    monkeypatch.setattr(health, "probe", lambda: parts)
    return parts


def lines(client: Client) -> dict[str, admin_index.StatusRow]:
    """The page's lines by name."""
    answer = client.get("/admin/")
    assert answer.status_code == 200
    return {
        str(line.name): line for _, _, section in answer.context["sections"] for line in section
    }


def test_all_is_well(operator: Client) -> None:
    assert all(line.well for line in lines(operator).values())
    page = operator.get("/admin/").content.decode()
    assert "All parts are well." in page
    assert "nothing is outstanding" in page
    assert "attention" not in page


def test_a_part_that_is_away_is_named_with_its_reason_and_what_it_means(
    operator: Client, found: dict[str, Health]
) -> None:
    found["search"] = Health(ok=False, reason="no answer within 2 s")
    found["store:far"] = Health(ok=False, reason="its disk is full")
    page = operator.get("/admin/").content.decode()
    assert "A part is away; what does not need it goes on." in page
    assert "no answer within 2 s. Searches are refused" in page
    assert "its disk is full. Data that lies there" in page
    found["database"] = Health(ok=False, reason="OperationalError")
    assert "without which nothing goes on" in operator.get("/admin/").content.decode()


def test_every_part_says_what_it_means_that_it_is_away() -> None:
    assert {name for name in health.PARTS if not name.startswith("store:")} <= set(
        admin_index.EFFECTS
    )


def test_what_is_owed_is_counted_with_its_age(operator: Client, image) -> None:
    Delivery.objects.all().delete()
    add_deliveries("search", "OS::Glance::Image", ["a", "b"])
    add_deliveries("notifications", "OS::Glance::Image", ["a"])
    fresh = lines(operator)
    assert fresh["search"].well
    assert str(fresh["search"].said).startswith("2 outstanding, the oldest for ")
    assert str(fresh["notifications"].said).startswith("1 outstanding")
    Delivery.objects.filter(object_id="b").update(created_at=now() - timedelta(seconds=4000))
    late = lines(operator)["search"]
    assert not late.well
    assert "2 outstanding, the oldest for 400" in str(late.said)
    rows = operator.get(late.address).context["cl"].result_list
    assert {row.object_id for row in rows} == {"a", "b"}


def test_parked_ones_lead_to_the_list_in_which_they_are_retried(operator: Client) -> None:
    add_deliveries("search", "OS::Glance::Image", ["a", "b"])
    Delivery.objects.filter(object_id="a").update(parked=True, error="mapper_parsing_exception")
    line = lines(operator)["parked"]
    assert (line.well, line.deed) == (False, "See the errors and retry")
    page = operator.get(line.address)
    [row] = page.context["cl"].result_list
    assert (row.object_id, "mapper_parsing_exception" in page.content.decode()) == ("a", True)
    chosen = {"action": "retry", "_selected_action": [row.pk]}
    operator.post(line.address, chosen)
    assert lines(operator)["parked"].well


def test_failed_jobs_lead_to_the_list_in_which_they_run_again(operator: Client) -> None:
    job = enqueue("tests.sleep", {}, actor=system_actor("tests"))
    assert lines(operator)["queued"].said == "1"
    Job.objects.filter(pk=job.pk).update(state="failed", error="disk full")
    line = lines(operator)["failed"]
    assert (line.well, line.said, line.deed) == (False, "1", "See why and run again")
    assert list(operator.get(line.address).context["cl"].result_list) == [job]
    operator.post(line.address, {"action": "run_again", "_selected_action": [job.pk]})
    assert lines(operator)["failed"].well


def test_counting_ends_somewhere(
    operator: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries
) -> None:
    monkeypatch.setattr(admin_index, "COUNTED", 2)
    add_deliveries("search", "OS::Glance::Image", list("abcd"))
    for _ in range(4):
        enqueue("tests.sleep", {}, actor=system_actor("tests"))
    with django_assert_max_num_queries(14):
        said = lines(operator)
    assert str(said["search"].said).startswith("more than 2 outstanding, the oldest for at least")
    assert said["queued"].said == "more than 2"


@pytest.mark.parametrize(
    ("path", "table", "asked", "index"),
    [
        ("/admin/catalog/job/", "catalog_job", {"state": "failed"}, "job_state"),
        ("/admin/catalog/delivery/", "catalog_delivery", {"parked__exact": "1"}, "delivery_parked"),
    ],
)
def test_what_waits_for_a_person_is_read_from_its_index(
    operator: Client, path: str, table: str, asked: dict[str, str], index: str
) -> None:
    Job.objects.bulk_create(
        Job(kind="tests.sleep", state="failed" if n % 100 == 0 else "succeeded")
        for n in range(2000)
    )
    add_deliveries("search", "OS::Glance::Image", [f"{n}" for n in range(2000)])
    Delivery.objects.filter(object_id__in=["7", "77"]).update(parked=True)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")
    assert index in plan(operator, path, asked, table)
