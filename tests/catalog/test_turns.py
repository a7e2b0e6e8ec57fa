"""Projects take turns: the deliveries of one do not wait for all of another one's."""

import json
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction

from catalog.models import Delivery
from catalog.outbox import claiming
from catalog.outbox.claiming import PROJECTS, Claim, Turns, acknowledge, claim, release
from catalog.outbox.deliveries import add_deliveries

pytestmark = pytest.mark.django_db


def deliver(project: str | None, number: int) -> None:
    ids = [f"{project}-{n}" for n in range(number)]
    with transaction.atomic():
        add_deliveries("search", "T", ids, projects=dict.fromkeys(ids, project))


def claimed(limit: int, turns: Turns, owner: str = "me") -> list[Claim]:
    return claim("search", owner=owner, lease=30, limit=limit, turns=turns)


@pytest.mark.parametrize("last", ["", "large", "small", "zzz"])
def test_few_deliveries_do_not_wait_for_many(last: str) -> None:
    deliver("large", 300)
    deliver("small", 2)
    found = claimed(100, Turns(last))
    assert Counter(one.project_id for one in found) == {"large": 98, "small": 2}
    assert [one.object_id for one in found if one.project_id == "large"] == [
        f"large-{n}" for n in range(98)
    ], "the oldest first"


@pytest.mark.parametrize("limit", [1, 3, PROJECTS, 50])
def test_everybody_has_a_turn_before_anybody_has_the_next(limit: int) -> None:
    names = [f"p{n:02}" for n in range(2 * PROJECTS + 3)]
    for name in names:
        deliver(name, 60)
    turns, rounds = Turns("p05"), -(-len(names) // min(limit, PROJECTS))
    served = [{one.project_id for one in claimed(limit, turns)} for _ in range(rounds)]
    assert set().union(*served) == set(names)
    whole_rounds = Counter(name for group in served[:-1] for name in group)
    assert set(whole_rounds.values()) == {1}


def test_who_rests_is_passed_over_while_there_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [1000.0]
    monkeypatch.setattr(claiming, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    deliver("heavy", 2)
    turns = Turns("")
    assert len(claimed(1, turns)) == 1
    turns.rest("heavy", 3.0)
    assert turns.pause() is None, "nobody else was there"
    deliver("light", 2)
    assert [one.project_id for one in claimed(1, turns)] == ["light"]
    turns.rest("heavy", 3.0)
    assert [one.project_id for one in claimed(10, turns)] == ["light"]
    assert claimed(10, turns) == []
    assert turns.pause() == 3.0
    moment[0] += 3.0
    assert [one.project_id for one in claimed(10, turns)] == ["heavy"]
    moment[0] += claiming.PRESENT
    turns.rest("heavy", 3.0)
    assert turns.pause() is None, "the other one was there long ago"


def test_deliveries_of_no_project_have_turns_like_others() -> None:
    deliver(None, 300)
    deliver("p", 300)
    assert Counter(one.project_id for one in claimed(100, Turns())) == {"": 50, "p": 50}


def test_nothing_is_said_to_be_due_only_when_nothing_is() -> None:
    """Not when the next projects are in another consumer's hands."""
    for n in range(PROJECTS + 1):
        deliver(f"p{n}", 1)
    assert len(claimed(PROJECTS, Turns(""), owner="other")) == PROJECTS
    assert [one.object_id for one in claimed(10, Turns(""))] == [f"p{PROJECTS}-0"]
    assert claimed(10, Turns("")) == []


def test_what_was_not_worked_at_is_due_as_before() -> None:
    deliver("p", 3)
    first, *others = claimed(10, Turns())
    before = Delivery.objects.get(pk=others[0].id)
    release("search", owner="me", claims=others)
    acknowledge([first], owner="me")
    assert claimed(10, Turns()) == others
    row = Delivery.objects.get(pk=others[0].id)
    assert (row.due_at, row.attempts, row.error) == (before.due_at, 0, "")


def test_a_debt_keeps_its_project_until_another_one_is_named() -> None:
    for project, expected in (("one", "one"), (None, "one"), ("two", "two"), (None, "two")):
        with transaction.atomic():
            add_deliveries("search", "T", ["x"], projects={"x": project})
        assert Delivery.objects.get().project_id == expected


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such plans")
def test_a_claim_reads_what_it_takes_however_much_is_owed() -> None:
    """Of 200 000 deliveries, half of them one project's; another consumer holds a hundred."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_delivery (consumer, topic, object_id, project_id, generation, due_at, created_at,"
            " lease_owner, attempts, parked, error)"
            " SELECT 'search', 'T', n::text, CASE WHEN n % 2 = 0 THEN 'p51' ELSE 'p' || n % 1000 END, 1, now() - interval '1 hour', now(), '', 0, false, ''"
            " FROM generate_series(1, 200000) AS n"
        )
        cursor.execute("ANALYZE catalog_delivery")
    claimed(100, Turns("p5"), owner="other")
    plans: list[dict[str, Any]] = []

    def explained(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT"):
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
                (found,) = cursor.fetchone()
                plans.extend(json.loads(found) if isinstance(found, str) else found)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explained):
        assert len(claimed(100, Turns("p5"))) == 100
    assert len(plans) == 2 * PROJECTS
    for plan in plans:
        shown = json.dumps(plan)
        assert "Seq Scan" not in shown
        assert "Sort" not in shown
        whole = plan["Plan"]
        assert whole["Shared Hit Blocks"] + whole["Shared Read Blocks"] < 500, shown
