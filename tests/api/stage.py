"""A running service with something in it, and callers who know its ids: what the fuzz tests throw requests at."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.service import Service, configured

SECRET = "a fuzzing password"


@dataclass
class Stage:
    service: Service
    tokens: dict[str, str]
    known: dict[str, list[str]] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: Any = None, *, caller: str = "admin", **headers: str
    ) -> Any:
        token = self.tokens[caller]
        status, answer, got = self.service.call(method, path, body, token=token, **headers)
        return status, answer, got

    def alive(self) -> bool:
        return self.service.get("/healthz/live")[0] == 200


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A service with a member beside the administrator, and one thing of each kind; its profile is the test run's."""
    postgresql = os.environ.get("VITRINE_TEST_DATABASE") == "postgresql"
    profile = "production-redis" if postgresql else "embedded"
    with configured(folder, profile, VITRINE_IDENTITY_TOKEN_LIFETIME="86400") as service:
        service.start(ready_within=180)
        stage = Stage(service, {"admin": service.token()})
        _populate(stage)
        yield stage


def _made(
    stage: Stage, path: str, body: Any, noun: str | None = None, caller: str = "admin"
) -> Any:
    status, answer, _ = stage.ask("POST", path, body, caller=caller)
    assert status in {200, 201}, (path, status, answer)
    found = json.loads(answer)
    return found[noun] if noun else found


def _populate(stage: Stage) -> None:
    v3 = "/identity/v3"
    project = _made(stage, f"{v3}/projects", {"project": {"name": "fuzz"}}, "project")["id"]
    user = _made(stage, f"{v3}/users", {"user": {"name": "fuzz", "password": SECRET}}, "user")["id"]
    roles = json.loads(stage.ask("GET", f"{v3}/roles?name=member")[1])["roles"]
    status, answer, _ = stage.ask(
        "PUT", f"{v3}/projects/{project}/users/{user}/roles/{roles[0]['id']}"
    )
    assert status == 204, answer
    stage.tokens["member"] = stage.service.token("fuzz", SECRET, "fuzz")
    spare = {
        "user_id": _made(stage, f"{v3}/users", {"user": {"name": "spare"}}, "user")["id"],
        "project_id": _made(stage, f"{v3}/projects", {"project": {"name": "spare"}}, "project")[
            "id"
        ],
        "domain_id": _made(stage, f"{v3}/domains", {"domain": {"name": "spare"}}, "domain")["id"],
        "role_id": _made(stage, f"{v3}/roles", {"role": {"name": "spare"}}, "role")["id"],
        "region_id": _made(stage, f"{v3}/regions", {"region": {"id": "spare"}}, "region")["id"],
        "service_id": _made(stage, f"{v3}/services", {"service": {"type": "spare"}}, "service")[
            "id"
        ],
    }
    stage.known = {name: [value] for name, value in spare.items()}
    images = [
        _made(
            stage,
            "/image/v2/images",
            {
                "name": f"fuzz {number}",
                "disk_format": "raw",
                "container_format": "bare",
                "os_distro": "x",
            },
            caller=caller,
        )["id"]
        for number, caller in enumerate(("admin", "member", "member", "admin"))
    ]
    for image, caller in zip(images[:2], ("admin", "member"), strict=True):
        status, answer, _ = stage.service.call(
            "PUT",
            f"/image/v2/images/{image}/file",
            b"some bytes" * 100,
            token=stage.tokens[caller],
            content_type="application/octet-stream",
        )
        assert status == 204, answer
    _made(
        stage,
        "/image/v2/metadefs/namespaces",
        {
            "namespace": "Fuzz::Space",
            "visibility": "public",
            "properties": {"speed": {"title": "Speed", "type": "integer"}},
            "objects": [{"name": "thing"}],
            "tags": [{"name": "word"}],
        },
    )
    stage.known |= {
        "image_id": images,
        "namespace": ["Fuzz::Space"],
        "name": ["speed", "thing", "word", "image", "images", "namespace"],
        "tag": ["word"],
        "member_id": [project],
        "type_name": ["heat_templates"],
        "slot": ["template"],
    }


def seed() -> int:
    return int(os.environ.get("VITRINE_TEST_FUZZ_SEED", "20260"))
