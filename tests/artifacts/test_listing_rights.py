"""`artifact:list` and `artifact:get` hold for what Artifacts v1 shows, and for what the search finds."""

from collections.abc import Callable
from typing import Any

import pytest

from artifacts.documents import ArtifactDocuments
from artifacts.heat_templates import HEAT_TEMPLATES
from artifacts.models import Artifact
from artifacts.paging import count_of
from artifacts.visibility import VISIBILITIES, Scope, branches
from catalog.actors import Actor
from identity.services.assignments import assign
from identity.services.issuing import SystemScope, issue
from search import engines, index_maintenance
from search.engine import Engine, Operation
from search.engines.embedded.engine import EmbeddedEngine
from tests.identity.factories import SYSTEM
from tests.support.http import Http
from tests.support.identity import make_project, make_user, role, token_for
from tests.support.rules import rules

__all__ = ["rules"]
pytestmark = pytest.mark.django_db
PATH = "/artifact/artifacts/heat_templates"
KIND = HEAT_TEMPLATES.resource_type


@pytest.fixture
def engine(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, db: None) -> Engine:
    made = EmbeddedEngine(tmp_path / "search")
    monkeypatch.setattr(engines, "current", lambda: made)
    return made


class Caller(Http):
    def __init__(self, token: str) -> None:
        super().__init__(token, base=PATH)

    def listed(self, query: str = "") -> set[str]:
        answer = self.get(f"?limit=100{query}")
        assert answer.status_code in {200, 403}
        return {one["id"] for one in answer.json().get("artifacts", ())}

    def shown(self) -> set[str]:
        ids = Artifact.objects.values_list("pk", flat=True)
        return {one for one in ids if self.get(f"/{one}").status_code == 200}

    def found(self, **body: Any) -> set[str]:
        answer = self.call("POST", "/search/v1/search", {"type": KIND, "limit": 100, **body})
        assert answer.status_code == 200, answer.content
        return {hit["_id"] for hit in answer.json()["hits"]["hits"]}


@pytest.fixture
def people(engine: Engine) -> dict[str, Caller]:
    """With artifacts of every visibility, of two projects and of nobody."""
    ours, theirs = make_project("ours"), make_project("theirs")
    rows = [
        Artifact(
            type=HEAT_TEMPLATES.name,
            name="x",
            version=f"{number}.0.0",
            status="active",
            visibility=visibility,
            project_id=owner and owner.pk,
        )
        for owner in (ours, theirs, None)
        for number, visibility in enumerate(VISIBILITIES)
    ]
    Artifact.objects.bulk_create(rows)
    index_maintenance.ensure(engine)
    documents = ArtifactDocuments().load([row.pk for row in rows])
    engine.bulk([Operation(KIND, one.id, one.version, one.body) for one in documents])
    engine.refresh()
    roles = ("member", "reader", "auditor", "admin")
    found = {one: Caller(token_for(make_user(one, ours, [one]), ours)) for one in roles}
    system = make_user("system admin")
    assign(system.pk, role("admin").pk, system=True, actor=SYSTEM)
    token = issue(system, SystemScope(), methods=("password",))[0]
    return {**found, "system admin": Caller(token)}


OWN = "role:reader and project_id:%(project_id)s"
RULES: list[tuple[str, str, str]] = [
    ("default", "role:admin or role:reader", "role:admin or role:reader"),
    ("nobody", "!", "!"),
    ("no lists", "!", "@"),
    ("nothing is shown", "@", "!"),
    ("everybody", "@", "@"),
    ("auditors", "role:auditor", "role:auditor"),
    ("own ones", "@", OWN),
    ("public ones", "@", "'public':%(visibility)s"),
    ("own or public ones", "@", f"({OWN}) or 'public':%(visibility)s"),
    ("private ones", "@", "'private':%(visibility)s"),
    ("shared ones", "@", "'shared':%(visibility)s"),
    ("not own ones", "@", "not project_id:%(project_id)s"),
]


@pytest.mark.parametrize(
    ("listing", "getting"), [one[1:] for one in RULES], ids=[r[0] for r in RULES]
)
def test_lists_and_searches_hold_what_is_shown_one_by_one(
    people: dict[str, Caller], rules: Callable[[str], None], listing: str, getting: str
) -> None:
    rules(f'"artifact:list": "{listing}"\n"artifact:get": "{getting}"\n')
    counts = {}
    for name, caller in people.items():
        shown, listed = caller.shown(), caller.listed()
        community = listed | caller.listed("&visibility=community")
        wide: dict[str, Any] = {"all_projects": True} if name.endswith("admin") else {}
        assert caller.found(**wide) == listed, name
        assert caller.found(**wide, community=True) == community, name
        assert community <= shown, name
        if caller.get("").status_code == 200:
            assert community == shown, name
        counts[name] = len(listed), len(shown)
    if getting == "!":
        assert set(counts.values()) == {(0, 0)}
    if listing == getting == "role:admin or role:reader":
        # own ones, and public ones of others; community ones of others by id
        assert counts == {
            "member": (6, 8),
            "reader": (6, 8),
            "auditor": (0, 0),
            "admin": (10, 12),
            "system admin": (9, 12),
        }


def test_what_may_not_be_listed_is_403_and_what_may_not_be_shown_is_404(
    people: dict[str, Caller], rules: Callable[[str], None]
) -> None:
    rules('"artifact:list": "!"\n"artifact:get": "!"\n')
    own = Artifact.objects.filter(project_id__isnull=False).first()
    for caller in people.values():
        assert caller.get("").status_code == 403
        assert own is not None
        assert caller.get(f"/{own.pk}").status_code == 404


def test_an_administrator_without_a_project_lists_and_counts_no_community(
    people: dict[str, Caller],
) -> None:
    actor = Actor(user_id="u", roles=frozenset({"admin"}), is_admin=True)
    listed: set[str] = set()
    rows = Artifact.objects.all()
    for branch in branches(actor, Scope()):
        listed |= set(rows.filter(branch.condition).values_list("visibility", flat=True))
    assert listed == {"private", "shared", "public"}
    assert count_of(rows, actor, Scope(), most=100) == 9


def test_rules_do_not_take_nobody_for_a_project() -> None:
    """Of a caller without a project, on an artifact without an owner."""
    from artifacts.policies import ArtifactAction, require
    from catalog.errors import Forbidden, NotFound

    row = Artifact(type=HEAT_TEMPLATES.name, name="x", visibility="public", project_id=None)
    actor = Actor(user_id="u", roles=frozenset({"member", "reader"}), domain_id="default")
    with pytest.raises((Forbidden, NotFound)):
        require(ArtifactAction.UPDATE, row, actor)
