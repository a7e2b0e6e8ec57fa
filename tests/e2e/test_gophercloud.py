"""A program on gophercloud, which Terraform's provider is made of, in both profiles."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import ROOT, Service

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(900),
    pytest.mark.parametrize(
        "service", ["embedded", "production-redis"], indirect=True, scope="module"
    ),
]
SOURCE = ROOT / "tests" / "e2e" / "gophercloud"
PEOPLE = ("ada", "bob")
ABSENT = (  # what go says where it is too old, or cannot fetch modules
    "go.mod requires go >=",
    "dial tcp",
    "no such host",
    "i/o timeout",
    "disabled by GOPROXY",
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built; where Go or its modules are not to be had, that is the reason of a skip."""
    if (go := shutil.which("go")) is None:
        pytest.skip("gophercloud: there is no Go on this machine")
    target = tmp_path_factory.mktemp("go") / "walk"
    done = subprocess.run(
        [go, "build", "-mod=readonly", "-buildvcs=false", "-o", target, "."],
        cwd=SOURCE,
        env=os.environ | {"GOFLAGS": "", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode and any(one in done.stderr for one in ABSENT):
        pytest.skip(f"gophercloud: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    return target


def test_a_program_on_gophercloud_works(service: Service, program: Path) -> None:
    token = service.token()

    def call(method: str, path: str, body: Any = None) -> Any:
        status, answer, _ = service.call(method, f"/identity/v3/{path}", body, token=token)
        assert status < 300, answer
        return json.loads(answer) if answer else None

    environment = {
        "PATH": os.environ["PATH"],
        "OS_AUTH_URL": f"{service.url}/identity/v3",
        "OS_REGION_NAME": "RegionOne",
    }
    roles = {one["name"]: one["id"] for one in call("GET", "roles")["roles"]}
    for name in PEOPLE:
        project = call("POST", "projects", {"project": {"name": name, "domain_id": "default"}})
        person = {"name": name, "password": f"{name}-secret-1", "domain_id": "default"}
        user = call("POST", "users", {"user": person})["user"]["id"]
        call("PUT", f"projects/{project['project']['id']}/users/{user}/roles/{roles['member']}")
        environment |= {
            f"OS_PASSWORD_{name}": f"{name}-secret-1",
            f"PROJECT_{name}": project["project"]["id"],
        }
    done = subprocess.run(
        [program], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stdout) == (0, "all steps went well\n"), done.stderr
