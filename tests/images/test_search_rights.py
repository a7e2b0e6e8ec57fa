"""What a search finds is what the list of the same caller holds, for every kind of image, caller and question."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.models import Artifact, Member
from artifacts.visibility import VISIBILITIES
from identity.services.assignments import assign
from identity.services.issuing import SystemScope, issue
from images.documents import ImageDocuments
from search import engines, index_maintenance
from search.engine import Engine, Operation
from tests.identity.factories import SYSTEM
from tests.search.conftest import BOTH, make_engine
from tests.support.http import Http
from tests.support.identity import make_project, make_user, role, token_for

pytestmark = pytest.mark.django_db
IMAGE = ImageDocuments.resource_type
STATUSES = ("pending", "accepted", "rejected")
ADMINISTRATORS = {"owner admin": "owner member", "outside admin": "stranger member"}
"""Each with somebody of the same project who is none."""


class Caller(Http):
    """By token; empty: without one. `lists`: what `GET /v2/images` holds, by (hidden too, others' community too)."""

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self.lists: dict[tuple[bool, bool], set[str]] = {}

    def listed(self, *, hidden: bool, community: bool) -> set[str]:
        if (hidden, community) not in self.lists:
            found: set[str] = set()
            for shelf in ("false", "true")[: 1 + hidden]:
                asked = f"limit=1000&os_hidden={shelf}{'&visibility=all' if community else ''}"
                answer = self.get(f"/image/v2/images?{asked}")
                assert answer.status_code in {200, 401, 403}
                if answer.status_code == 200:
                    found |= {one["id"] for one in answer.json()["images"]}
            self.lists[hidden, community] = found
        return self.lists[hidden, community]

    def asked(self, body: dict[str, Any]) -> Any:
        asked = {"limit": 1000, "_source": ["id", "visibility"], **body}
        answer = self.call("POST", "/search/v1/search", asked)
        assert answer.status_code == (200 if self.token else 401), answer.content
        return answer.json()

    def found(self, body: dict[str, Any]) -> set[str]:
        if not self.token:
            assert self.asked(body)["code"]
            return set()
        hits = self.asked(body)["hits"]
        ids = {hit["_id"] for hit in hits["hits"]}
        assert hits["total"] == len(hits["hits"]) == len(ids)
        return ids


@dataclass
class World:
    rows: list[Artifact]
    callers: dict[str, Caller]


@pytest.fixture(params=BOTH)
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None
) -> Iterator[Engine]:
    made = make_engine(request.param, tmp_path)
    monkeypatch.setattr(engines, "current", lambda: made)
    yield made
    made.drop()


@pytest.fixture
def world(engine: Engine) -> World:
    """Every kind of image, in the table and in the index."""
    projects = {name: make_project(name) for name in ("ours", "theirs", "friend")}
    owners = (projects["ours"], projects["theirs"], None)
    kinds = product(owners, VISIBILITIES, (False, True), (None, *STATUSES))
    rows: list[Artifact] = []
    members: list[Member] = []
    for owner, visibility, hidden, status in kinds:
        row = Artifact(
            type="images",
            name=f"image {len(rows) % 3}",
            status="active",
            visibility=visibility,
            hidden=hidden,
            project_id=owner and owner.pk,
        )
        rows.append(row)
        if status is not None:
            members.append(Member(artifact=row, member_id=projects["friend"].pk, status=status))
    Artifact.objects.bulk_create(rows)
    Member.objects.bulk_create(members)
    index_maintenance.ensure(engine)
    documents = ImageDocuments().load([row.pk for row in rows])
    engine.bulk([Operation(IMAGE, one.id, one.version, one.body) for one in documents])
    engine.refresh()
    return World(rows, _callers(projects))


def _callers(projects: dict[str, Any]) -> dict[str, Caller]:
    cast = {
        "owner admin": ("ours", "admin"),
        "owner member": ("ours", "member"),
        "owner reader": ("ours", "reader"),
        "owner auditor": ("ours", "auditor"),
        "owner service": ("ours", "service"),
        "friend member": ("friend", "member"),
        "friend reader": ("friend", "reader"),
        "stranger member": ("theirs", "member"),
        "outside admin": ("theirs", "admin"),
    }
    found = {}
    for name, (project, its_role) in cast.items():
        user = make_user(name, projects[project], [its_role])
        found[name] = Caller(token_for(user, projects[project]))
    system = make_user("system admin")
    assign(system.pk, role("admin").pk, system=True, actor=SYSTEM)
    found["system admin"] = Caller(issue(system, SystemScope(), methods=("password",))[0])
    found["without a role"] = Caller(token_for(make_user("nobody")))
    found["without a token"] = Caller("")
    return found


@dataclass(frozen=True)
class Clause:
    """A query as it is sent, what it finds, and what it opens."""

    sent: dict[str, Any]
    holds: Callable[[Artifact], bool]
    hidden: bool = False
    community: bool = False


def _compared(name: str, value: Any) -> st.SearchStrategy[dict[str, Any]]:
    text = json.dumps(value).strip('"')
    return st.sampled_from(
        [
            {"term": {name: value}},
            {"terms": {name: [value]}},
            {"match": {name: value}},
            {"match_phrase": {name: text}},
            {"query_string": f'{name}:"{text}"'},
            {"constant_score": {"filter": {"term": {name: value}}}},
        ]
    )


def _visibilities() -> st.SearchStrategy[Clause]:
    several = st.sets(st.sampled_from(VISIBILITIES), min_size=1, max_size=3)
    many = several.map(
        lambda values: Clause(
            {"terms": {"visibility": sorted(values)}},
            lambda row: row.visibility in values,
            community=True,
        )
    )
    one = st.sampled_from(VISIBILITIES).flatmap(
        lambda value: _compared("visibility", value).map(
            lambda sent: Clause(sent, lambda row: row.visibility == value, community=True)
        )
    )
    return one | many


def _hidden() -> st.SearchStrategy[Clause]:
    return st.booleans().flatmap(
        lambda value: _compared("os_hidden", value).map(
            lambda sent: Clause(sent, lambda row: row.hidden is value, hidden=True)
        )
    )


OPENS_NOTHING = [
    Clause({"match_all": {}}, lambda _: True),
    Clause({"exists": {"field": "os_hidden"}}, lambda _: True),
    Clause({"exists": {"field": "owner"}}, lambda row: row.project_id is not None),
    Clause({"term": {"name": "image 1"}}, lambda row: row.name == "image 1"),
    Clause({"prefix": {"visibility": "comm"}}, lambda row: row.visibility == "community"),
    Clause({"wildcard": {"visibility": "*"}}, lambda _: True),
    Clause({"query_string": "name:image"}, lambda _: True),
]


def _all(parts: list[Clause], kind: str) -> Clause:
    sent = {"bool": {kind: [one.sent for one in parts]}}
    return Clause(
        sent,
        lambda row: all(one.holds(row) for one in parts),
        hidden=any(one.hidden for one in parts),
        community=any(one.community for one in parts),
    )


def _any(parts: list[Clause]) -> Clause:
    sent = {"bool": {"should": [one.sent for one in parts], "minimum_should_match": 1}}
    return Clause(sent, lambda row: any(one.holds(row) for one in parts))


def _not(one: Clause) -> Clause:
    return Clause({"bool": {"must_not": [one.sent]}}, lambda row: not one.holds(row))


QUERIES: st.SearchStrategy[Clause] = st.recursive(
    _visibilities() | _hidden() | st.sampled_from(OPENS_NOTHING),
    lambda inner: st.one_of(
        st.builds(
            _all, st.lists(inner, min_size=1, max_size=3), st.sampled_from(["must", "filter"])
        ),
        st.builds(_any, st.lists(inner, min_size=1, max_size=3)),
        st.builds(_not, inner),
    ),
    max_leaves=5,
)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "os_hidden": st.sampled_from([True, False, "true", "all"]),
        "community": st.sampled_from([True, False, "true"]),
        "all_projects": st.booleans(),
    },
)


def expected(world: World, name: str, query: Clause, said: dict[str, Any]) -> set[str]:
    lister = name if said.get("all_projects") else ADMINISTRATORS.get(name, name)
    only = said.get("os_hidden") in {True, "true"}
    listed = world.callers[lister].listed(
        hidden=query.hidden or only or said.get("os_hidden") == "all",
        community=query.community or said.get("community") in {True, "true"},
    )
    return {
        row.pk
        for row in world.rows
        if row.pk in listed and query.holds(row) and (row.hidden or not only)
    }


def test_a_search_finds_what_the_list_holds(world: World) -> None:
    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(query=QUERIES, said=PARAMETERS)
    def asked(query: Clause, said: dict[str, Any]) -> None:
        for name, caller in world.callers.items():
            found = caller.found({"query": query.sent, "type": IMAGE, **said})
            assert found == expected(world, name, query, said), name

    asked()
    lists = {
        name: len(one.listed(hidden=False, community=False)) for name, one in world.callers.items()
    }
    assert lists["owner admin"] > lists["owner member"] > lists["friend member"] > 0
    refused = ("owner auditor", "owner service", "system admin", "without a role")
    assert {lists[name] for name in refused} == {0}


def test_by_its_id_an_image_is_found_as_it_is_shown(world: World) -> None:
    """But for what was shared with a project that has not accepted it, which lists do not hold either."""
    ids = [row.pk for row in world.rows]
    friend = world.callers["friend member"]
    unanswered = set(
        Member.objects.filter(artifact__visibility="shared")
        .exclude(status="accepted")
        .values_list("artifact_id", flat=True)
    )
    for name, caller in world.callers.items():
        shown = {one for one in ids if caller.get(f"/image/v2/images/{one}").status_code == 200}
        found = caller.found({"query": {"ids": {"values": ids}}, "all_projects": True})
        if name.startswith("friend"):
            assert shown > found
            shown -= unanswered
        assert found == shown, name
    [some] = [row for row in world.rows if row.hidden and row.visibility == "community"][:1]
    for query in (
        {"term": {"_id": some.pk}},
        {"match": {"id": some.pk}},
        {"query_string": f'id:"{some.pk}"'},
        {"bool": {"must": [{"ids": {"type": IMAGE, "values": [some.pk]}}]}},
    ):
        assert friend.found({"query": query}) == {some.pk}
    for query in (some.pk, {"bool": {"should": [{"term": {"id": some.pk}}]}}):
        assert friend.found({"query": query}) == set()


@pytest.mark.parametrize(
    ("address", "hidden", "community"),
    [
        ("", False, False),
        ("&community=true", False, True),
        ("&os_hidden=all", True, False),
        ("&os_hidden=all&community=true&all_projects=true", True, True),
    ],
)
def test_counts_are_of_the_list_too(
    world: World, address: str, hidden: bool, community: bool
) -> None:
    for name, caller in world.callers.items():
        if not caller.token:
            continue
        lister = name if "all_projects" in address else ADMINISTRATORS.get(name, name)
        listed = world.callers[lister].listed(hidden=hidden, community=community)
        facets = caller.get(f"/search/v1/search/facets?type={IMAGE}{address}").json()[IMAGE]
        assert facets["doc_count"] == len(listed), name
        counted: dict[str, int] = {}
        for row in world.rows:
            if row.pk in listed:
                counted[row.visibility] = counted.get(row.visibility, 0) + 1
        [shown] = [one for one in facets["facets"] if one["name"] == "visibility"]
        assert {one["key"]: one["doc_count"] for one in shown["options"]} == counted, name


def test_parameters_stand_in_the_address_or_in_the_body(world: World) -> None:
    caller = world.callers["owner member"]

    def asked(address: str, body: dict[str, Any]) -> Any:
        return caller.call("POST", f"/search/v1/search?{address}", body)

    total = asked("os_hidden=true&community=true", {}).json()["hits"]["total"]
    assert total == asked("", {"os_hidden": True, "community": True}).json()["hits"]["total"] > 0
    for address, body in (
        ("os_hidden=true", {"os_hidden": True}),
        ("os_hidden=perhaps", {}),
        ("", {"community": 1}),
        ("", {"community": "yes"}),
        ("", {"os_hidden": ["true"]}),
        ("hidden=true", {}),
    ):
        assert asked(address, body).status_code == 400, (address, body)
