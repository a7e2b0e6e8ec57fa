"""A Glance with ten thousand images becomes ours: nothing is copied, and clients notice nothing."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import eventually
from tests.support.service import Service, configured
from tests.takeover import peer

pytestmark = [
    pytest.mark.glance,
    pytest.mark.postgresql,
    pytest.mark.e2e,
    pytest.mark.timeout(600),
]
IMAGES = 10_000
READS = 500
PEOPLE = ("ada", "bob")


@dataclass
class Both:
    """Glance and ours, the same projects in both."""

    glance: str
    database: str
    service: Service
    projects: dict[str, str]
    ids: list[str]
    folder: Path

    def take(self, *options: str) -> tuple[str, dict[str, Any]]:
        report = self.folder / "report.json"
        done = self.service.manage(
            "takeover_glance", f"--database={self.database}", f"--report={report}", *options
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout, json.loads(report.read_text())


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    theirs, ours = tmp_path_factory.mktemp("glance"), tmp_path_factory.mktemp("ours")
    (ours / "vitrine.toml").write_text(f"""
[stores.backends.local]
backend = "file"
options = {{ root = "{ours}/blobs" }}
[stores.backends.file1]
backend = "file"
options = {{ root = "{theirs}/file1", layout = "flat" }}
""")
    with (
        peer.running(theirs) as (address, database),
        configured(ours, VITRINE_CONFIG=str(ours / "vitrine.toml")) as service,
    ):
        service.start()
        projects = {name: _project(service, name) for name in PEOPLE}
        ids = peer.seed(database, theirs, [*projects.values(), "c" * 32], IMAGES)
        yield Both(address, database, service, projects, ids, theirs)


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

    rehearsal: tuple[str, dict[str, Any]]
    after_rehearsal: list[Any]
    first: dict[str, Any]
    second_rehearsal: dict[str, Any]
    second: dict[str, Any]
    compared: dict[str, Any]


@pytest.fixture(scope="module")
def taken(both: Both) -> Taken:
    service = both.service
    one = Path(os.environ["VITRINE_TEST_GLANCE"]).parents[1] / "etc/glance/metadefs/cim-processor"
    assert (
        service.manage("load_metadefs", f"--path={one}-allocation-setting-data.json").returncode
        == 0
    )
    rehearsal = both.take("--dry-run")
    after_rehearsal = json.loads(service.get("/image/v2/images", service.token())[1])["images"]
    _, first = both.take()
    peer.add_later(both.database)
    (_, second_rehearsal), (_, second) = both.take("--dry-run"), both.take()
    admin = service.token(project="ada")
    callers = [("admin", f"admin:{both.projects['ada']}:admin,member,reader", admin)]
    callers += [
        (
            name,
            f"{name}:{both.projects[name]}:member,reader",
            service.token(name, f"{name}-secret-1", name),
        )
        for name in PEOPLE
    ]
    options = [part for one in callers for part in ("--as", *one)]
    _, compared = both.take(
        f"--compare={READS}", f"--glance={both.glance}", f"--vitrine={service.url}/image", *options
    )
    return Taken(rehearsal, after_rehearsal, first, second_rehearsal, second, compared)


def test_a_dry_run_says_what_would_happen_and_writes_nothing(taken: Taken) -> None:
    said, report = taken.rehearsal
    assert report["dry_run"]
    assert report["images"]["images"] + report["images"]["tombstones"] == IMAGES
    assert report["metadefs"]["created"] >= 25
    assert f"{report['images']['images']} images" in said
    assert taken.after_rehearsal == []


def test_a_dry_run_says_what_the_run_after_it_then_does(taken: Taken) -> None:
    assert taken.rehearsal[1] == {**taken.first, "dry_run": True}
    assert taken.first["metadefs"]["skipped"] == 1
    assert taken.second_rehearsal == {**taken.second, "dry_run": True}
    assert taken.second["metadefs"].keys() == {"skipped"}


def test_everything_is_taken_over_once(taken: Taken) -> None:
    first, second = taken.first, taken.second
    assert first["images"]["images"] + first["images"]["tombstones"] == IMAGES
    assert first["images"]["tombstones"] > 0
    assert first["images"]["files adopted"] == IMAGES // 100
    assert first["metadefs"].get("failed", 0) == 0
    assert any("upload must begin anew" in one["note"] for one in first["images"]["notes"])
    assert second["images"]["there already"] == IMAGES
    assert second["images"]["there already"] == IMAGES


def test_500_reads_of_three_callers_are_equal(taken: Taken) -> None:
    assert taken.compared["reads"] == READS
    assert taken.compared["unexplained"] == []
    assert sum(taken.compared["explained"].values()) > 0


@pytest.mark.usefixtures("taken")
def test_what_was_taken_over_is_found_and_its_bytes_can_go(both: Both) -> None:
    service, token = both.service, both.service.token()
    image_id = both.ids[100]
    body = {"query": {"term": {"id": image_id}}}

    def found() -> int:
        answer = service.call("POST", "/search/v1/search?consistency=wait", body, token=token)
        return int(json.loads(answer[1])["hits"]["total"]) if answer[0] == 200 else 0

    assert eventually(found, seconds=90) == 1
    file = both.folder / "file1" / image_id
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


def test_policies_are_reviewed(both: Both, tmp_path: Path) -> None:
    file, out = tmp_path / "policy.yaml", tmp_path / "ours.yaml"
    file.write_text(
        '"publicize_image": "role:publisher"\n"get_image": "role:auditor"\n"set_something": "role:x"\n'
    )
    said, report = both.take("--dry-run", f"--policy={file}", f"--policy-out={out}")
    assert report["policy"]["kept"] == ["publicize_image"]
    assert set(report["policy"]["dropped"]) == {"get_image", "set_something"}
    assert "lists could not follow it" in said
    assert out.read_text() == "publicize_image: role:publisher\n"


@pytest.mark.parametrize(
    ("url", "about"),
    [
        ("postgresql+psycopg://nobody@127.0.0.1:9/glance", "cannot be read"),
        ("nonsense", "cannot be read"),
        ("sqlite://", "cannot be read"),
    ],
)
def test_a_database_that_is_none_is_told_in_one_line(both: Both, url: str, about: str) -> None:
    done = both.service.manage("takeover_glance", f"--database={url}")
    assert done.returncode == 1
    assert about in done.stderr
    assert "Traceback" not in done.stderr
