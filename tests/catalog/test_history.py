"""What events keep of values, and how long they are kept."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.db import transaction
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from catalog.actors import Actor
from catalog.clock import now
from catalog.conf import CatalogConfig
from catalog.events import pruning
from catalog.events.history import history_of
from catalog.events.pruning import Pruner
from catalog.events.recording import Change, record
from catalog.events.shortening import LONGEST, LONGEST_TEXT, shortened
from catalog.models import Event

ROOT = Actor(user_id="root", is_admin=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=600),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=9), inner),
)


@examples(deadline=None)
@given(values)
def test_a_value_is_kept_whole_or_as_its_digest(value: Any) -> None:
    kept = shortened(value)
    written = (
        value.encode()
        if isinstance(value, str)
        else orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    )
    if len(written) <= (LONGEST_TEXT if isinstance(value, str) else LONGEST):
        assert kept == value
    else:
        assert kept == {"sha256": hashlib.sha256(written).hexdigest(), "bytes": len(written)}
    assert len(orjson.dumps(kept)) <= LONGEST_TEXT * 6 + LONGEST


@pytest.mark.django_db
def test_a_long_value_is_recorded_as_digest_and_length() -> None:
    with transaction.atomic():
        changes = {"a": Change(old="short", new="x" * 70_000), "b": Change(old=None, new=["y"] * 9)}
        record("thing.update", object_type="T", object_id="1", actor=ROOT, changes=changes)
    event = Event.objects.get()
    digest = hashlib.sha256(b"x" * 70_000).hexdigest()
    assert event.changes == {
        "a": ["short", {"sha256": digest, "bytes": 70_000}],
        "b": [None, ["y"] * 9],
    }


def event(kind: str = "image.update", *, days: float = 0, thing: str = "1", **changes: Any) -> int:
    return Event.objects.create(
        kind=kind,
        object_type="T",
        object_id=thing,
        created_at=now() - timedelta(days=days),
        changes=changes,
    ).pk


def keep(monkeypatch: pytest.MonkeyPatch, **values: int) -> None:
    changed = replace(settings.VITRINE[CatalogConfig], **values)  # type: ignore[arg-type]  # each is one number
    monkeypatch.setitem(settings.VITRINE, CatalogConfig, changed)


def pruned() -> set[int]:
    """What is left when all were looked at."""
    after: int | None = 0
    while after is not None:
        _, after = pruning.prune(after)
    return set(Event.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_old_changes_go_but_for_the_last_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "LAST", 2)
    monkeypatch.setattr(pruning, "BATCH", 3)
    old = [event(days=91) for _ in range(3)]
    young = [event(days=89) for _ in range(2)]
    quiet = [event(days=200, thing="quiet") for _ in range(3)]
    assert pruned() == {*young, *quiet[1:]}
    assert not Event.objects.filter(pk__in=old).exists()


@pytest.mark.django_db
def test_an_object_has_so_many_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(monkeypatch, history_events=5)
    monkeypatch.setattr(pruning, "BATCH", 4)
    changes = [event() for _ in range(9)]
    others = [event(thing=f"t{number}") for number in range(9)]
    assert pruned() == {*changes[-5:], *others}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind",
    ["image.create", "image.delete", "image.restore", "image.member.create", "image.member.update",
     "image.member.delete", "limit.update", "user.updated", "role_assignment.created", "alias.delete"],
)  # fmt: skip
def test_what_an_audit_asks_for_stays_longer(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    keep(monkeypatch, history_events=1, history_days=1, audit_days=100)
    monkeypatch.setattr(pruning, "LAST", 1)
    kept = [event(kind, days=99) for _ in range(3)]
    over = event(kind, days=101)
    assert over not in pruned()
    assert pruned() == set(kept)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["visibility", "owner"])
def test_who_may_see_it_is_for_the_audit(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    keep(monkeypatch, history_events=1, history_days=1)
    monkeypatch.setattr(pruning, "LAST", 1)
    given_away = event(days=50, **{path: ["a", "b"], "name": ["c", "d"]})
    renamed = event(days=50, name=["d", "e"])
    newest = event()
    assert pruned() == {given_away, newest}
    assert not Event.objects.filter(pk=renamed).exists()


@pytest.mark.django_db
def test_the_upkeep_goes_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    for _ in range(9):
        event("image.create", days=2000)
    pruner = Pruner()
    assert pruner.run() + pruner.run() == 9, "from anywhere to the end, and from the beginning"
    assert not Event.objects.exists()
    assert pruner.run() == 0


@pytest.mark.django_db
def test_a_run_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    monkeypatch.setattr(pruning, "SECONDS", 0.0)
    for _ in range(5):
        event("image.create", days=2000)
    pruner = Pruner()
    assert all(pruner.run() <= 2 for _ in range(3))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes", [{"visibility": ["private", "shared"]}, {}], ids=["to and fro", "members"]
)
def test_no_kind_of_change_grows_without_end(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    """Whoever repeats what an audit asks for is bounded as well."""
    keep(monkeypatch, history_events=2, audit_events=4)
    made = event("image.create")
    kind = "image.update" if changes else "image.member.update"
    ids = [event(kind, **changes) for _ in range(9)]
    assert pruned() == {made, *ids[-4:]}


@pytest.mark.django_db
def test_what_is_shown_at_once_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(monkeypatch, page_bytes=50_000)
    for _ in range(5):
        event(name=["x" * 20_000, None])
    assert len(history_of(ROOT, "T", "1", limit=20)) == 2
