"""A Glance with ten thousand images becomes ours: nothing is copied, and clients notice nothing. One on MariaDB is smaller, and goes to PostgreSQL."""

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from images.takeover.connecting import SourceUnreadable
from images.takeover.source import GlanceDatabase
from tests.docs.pages import DOCS, blocks, execute, workplace
from tests.support.patience import eventually
from tests.support.service import Service, configured
from tests.takeover import peer

pytestmark = [
    pytest.mark.glance,
    pytest.mark.e2e,
    pytest.mark.timeout(1800),
]
PAGE = DOCS / "how-to" / "take-over-a-glance.md"
IMAGES = {"postgresql": 10_000, "mariadb": 1_000}
PROFILES = {"postgresql": "embedded", "mariadb": "production-redis"}
NEEDS = {
    "postgresql": ("postgresql",),
    "mariadb": ("mariadb", "postgresql", "redis", "elasticsearch"),
}
READS = 500
REPORTS = ("etc/policy.yaml", "report.json", "taken.json", "compared.json")
PEOPLE = ("ada", "bob")
POLICY = """\
"publicize_image": "role:publisher"
"get_image": "role:auditor"
"set_something": "role:x"
"""


@dataclass
class Both:
    """Glance and ours, the same projects in both."""

    glance: peer.Glance
    service: Service
    projects: dict[str, str]
    ids: list[str]
    words: dict[str, str]
    """What the words of the page stand for here."""

    def take(self, *options: str) -> tuple[str, dict[str, Any]]:
        report = self.glance.folder / "report.json"
        done = self.service.manage(
            "takeover_glance", f"--database={self.glance.database}", f"--report={report}", *options
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout, json.loads(report.read_text())


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(kind, marks=[getattr(pytest.mark, name) for name in needed])
        for kind, needed in NEEDS.items()
    ],
)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    theirs, ours = tmp_path_factory.mktemp("glance"), tmp_path_factory.mktemp("ours")
    etc, words = ours / "etc", _places(ours, theirs)
    text = blocks(PAGE)[0].text.partition("<<'END'\n")[2].removesuffix("END\n")
    for word, meant in words.items():
        text = text.replace(word, meant)
    (etc / "vitrine.toml").write_text(text)
    (etc / "glance.yaml").write_text(POLICY)
    with (
        peer.running(request.param, theirs) as glance,
        configured(
            workplace(ours) / "var",
            PROFILES[request.param],
            VITRINE_CONFIG=str(etc / "vitrine.toml"),
        ) as service,
    ):
        (etc / "env").write_text(
            "".join(
                f"{name}={shlex.quote(value)}\n"
                for name, value in service.environment.items()
                if name.startswith("VITRINE_") and not name.startswith("VITRINE_TEST_")
            )
        )
        service.start()
        projects = {name: _project(service, name) for name in PEOPLE}
        ids = peer.seed(glance, [*projects.values(), "c" * 32], IMAGES[request.param])
        words |= {
            "postgresql+psycopg://glance@db.example.org/glance": glance.database,
            "http://glance.example.org:9292": glance.address,
            "http://vitrine.example.org:9292": service.url,
        }
        yield Both(glance, service, projects, ids, words)


def _places(ours: Path, theirs: Path) -> dict[str, str]:
    (ours / "etc").mkdir()
    return {
        "/etc/glance/policy.yaml": str(ours / "etc" / "glance.yaml"),
        "/etc/vitrine": str(ours / "etc"),
        "/var/lib/vitrine/blobs": str(ours / "blobs"),
        "/var/lib/glance/images": str(theirs / "file1"),
    }


def _project(service: Service, name: str) -> str:
    """A project with one member; its id."""
    token = service.token()

    def call(method: str, path: str, body: Any = None) -> Any:
        status, answer, _ = service.call(method, f"/identity/v3/{path}", body, token=token)
        assert status < 300, answer
        return json.loads(answer) if answer else None

    project = call("POST", "projects", {"project": {"name": name, "domain_id": "default"}})
    person = {"name": name, "password": f"{name}-secret-1", "domain_id": "default"}
    user = call("POST", "users", {"user": person})["user"]["id"]
    roles = {one["name"]: one["id"] for one in call("GET", "roles")["roles"]}
    found = str(project["project"]["id"])
    call("PUT", f"projects/{found}/users/{user}/roles/{roles['member']}")
    [admin] = call("GET", "users?name=admin")["users"]
    call("PUT", f"projects/{found}/users/{admin['id']}/roles/{roles['admin']}")
    return found


@dataclass
class Taken:
    """What each step of the way said, in the order an operator goes it."""

    rehearsal: dict[str, Any]
    first: dict[str, Any]
    compared: dict[str, Any]
    second_rehearsal: tuple[str, dict[str, Any]]
    second: dict[str, Any]
    count: int
    nobodys: str
    policy: str


@pytest.fixture(scope="module")
def taken(both: Both) -> Taken:
    """What the page does, as it is written; then three images come later."""
    service, folder = both.service, both.service.folder.parent
    one = Path(os.environ["VITRINE_TEST_GLANCE"]).parents[1] / "etc/glance/metadefs/cim-processor"
    known = service.manage("load_metadefs", f"--path={one}-allocation-setting-data.json")
    assert known.returncode == 0
    execute(PAGE, folder, both.words | _tokens(both), seconds=1000, leaves=REPORTS)
    names = ("report", "taken", "compared")
    reports = [json.loads((folder / f"{name}.json").read_text()) for name in names]
    nobodys = peer.add_later(both.glance, None)
    for later in (("c" * 32, "private"), (None, "public")):
        peer.add_later(both.glance, *later)
    second_rehearsal, (_, second) = both.take("--dry-run"), both.take()
    policy = (folder / "etc" / "policy.yaml").read_text()
    return Taken(*reports, second_rehearsal, second, len(both.ids), nobodys, policy)


def _tokens(both: Both) -> dict[str, str]:
    """Callers as the page names them, and one more."""
    service, ada, bob = both.service, both.projects["ada"], both.projects["bob"]
    admin = service.token(project="ada")
    tokens = {name: service.token(name, f"{name}-secret-1", name) for name in PEOPLE}
    return {
        '"$ADMIN_TOKEN" "$ADMIN_TOKEN"': f"admin:{ada}:admin,member,reader {admin}",
        '"$ADA_TOKEN" "$ADA_TOKEN"': f"ada:{ada}:member,reader {tokens['ada']}"
        f" --as bob bob:{bob}:member,reader {tokens['bob']}",
    }


def test_a_dry_run_says_what_the_run_after_it_then_does(taken: Taken) -> None:
    """Which then finds everything still to be done."""
    policy = taken.rehearsal["policy"]
    assert taken.rehearsal == {**taken.first, "dry_run": True, "policy": policy}
    assert taken.first["metadefs"]["created"] >= 25
    assert taken.first["metadefs"]["skipped"] == 1
    said, report = taken.second_rehearsal
    assert report == {**taken.second, "dry_run": True}
    assert f"3 images, 0 members, {taken.count} there already" in said
    assert taken.second["metadefs"].keys() == {"skipped"}


def test_everything_is_taken_over_once(taken: Taken) -> None:
    first, second = taken.first, taken.second
    assert first["images"]["images"] + first["images"]["tombstones"] == taken.count
    assert first["images"]["tombstones"] > 0
    assert first["images"]["files adopted"] == taken.count // 100
    assert first["metadefs"].get("failed", 0) == 0
    assert any("upload must begin anew" in one["note"] for one in first["images"]["notes"])
    assert second["images"]["there already"] == taken.count
    assert second["images"]["images"] == 3


def test_an_image_that_nobody_owns_needs_no_word(taken: Taken, both: Both) -> None:
    assert taken.second["images"]["notes"] == []
    service, path = both.service, f"/image/v2/images/{taken.nobodys}"
    assert service.get(path, service.token())[0] == 200
    assert service.get(path, service.token("ada", "ada-secret-1", "ada"))[0] == 404


def test_500_reads_of_three_callers_are_equal(taken: Taken) -> None:
    assert taken.compared["reads"] == READS
    assert taken.compared["unexplained"] == []
    assert sum(taken.compared["explained"].values()) > 0


@pytest.mark.usefixtures("taken")
def test_what_was_taken_over_is_found_and_its_bytes_can_go(both: Both) -> None:
    service, token = both.service, both.service.token()
    image_id = both.ids[100]
    body = {"query": {"term": {"id": image_id}}, "all_projects": True}

    def found() -> int:
        answer = service.call("POST", "/search/v1/search?consistency=wait", body, token=token)
        return int(json.loads(answer[1])["hits"]["total"]) if answer[0] == 200 else 0

    assert eventually(found, seconds=90) == 1
    file = both.glance.folder / "file1" / image_id
    assert service.get(f"/image/v2/images/{image_id}/file", token) == (200, file.read_bytes())
    media_type = "application/openstack-images-v2.1-json-patch"
    free = [{"op": "replace", "path": "/protected", "value": False}]
    path = f"/image/v2/images/{image_id}"
    assert service.call("PATCH", path, free, token=token, content_type=media_type)[0] == 200
    assert service.call("DELETE", path, token=token)[0] == 204
    assert service.get(path, token)[0] == 404


@pytest.mark.usefixtures("taken")
def test_ids_of_deleted_images_stay_taken(both: Both) -> None:
    deleted = next(
        image_id
        for number, image_id in enumerate(both.ids)
        if number % 100 and peer.random.Random(number).choice(peer.KINDS) == "killed"
    )
    status, answer, _ = both.service.call(
        "POST", "/image/v2/images", {"id": deleted}, token=both.service.token()
    )
    assert status == 409, answer


def test_policies_are_reviewed(taken: Taken) -> None:
    reviewed = taken.rehearsal["policy"]
    assert reviewed["kept"] == ["publicize_image"]
    assert set(reviewed["dropped"]) == {"get_image", "set_something"}
    assert "lists could not follow it" in reviewed["dropped"]["get_image"]
    assert taken.policy == "publicize_image: role:publisher\n"


def test_a_database_that_fails_meanwhile_is_told_and_idle_connections_may_go(both: Both) -> None:
    source = GlanceDatabase(both.glance.database)
    pages = source.pages(100)
    seen = next(pages)
    both.glance.cut_connections()
    seen += next(pages)
    assert len({one.row["id"] for one in seen}) == 200
    with (
        both.glance.without("image_tags"),
        pytest.raises(SourceUnreadable, match=r"^Glance's database cannot be read: .*image_tags"),
    ):
        next(pages)
    assert sum(map(len, source.pages(300))) == source.count() >= len(both.ids)


def test_a_database_that_is_none_is_told_in_one_line(both: Both) -> None:
    done = both.service.manage("takeover_glance", "--database=nonsense")
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: Glance's database cannot be read: ")
    assert done.stderr.count("\n") == 1
