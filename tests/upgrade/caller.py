"""Somebody who asks a service, and expects what it answers."""

import json
from dataclasses import dataclass
from typing import Any

from tests.support.service import Service

PATCH = "application/openstack-images-v2.1-json-patch"
STREAM = "application/octet-stream"
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Caller:
    service: Service
    token: str

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: int = 200,
        content_type: str = "application/json",
        **headers: str,
    ) -> Any:
        """The answer's document; AssertionError when its status is another one."""
        content, _ = self.answer(
            method, path, body, expect=expect, content_type=content_type, **headers
        )
        return json.loads(content) if content else None

    def answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: int,
        content_type: str = "application/json",
        **headers: str,
    ) -> tuple[bytes, dict[str, str]]:
        """The answer's bytes, and its headers by their names in small letters."""
        status, content, found = self.service.call(
            method, path, body, token=self.token, content_type=content_type, **headers
        )
        assert status == expect, f"{method} {path}: {status} {content[:500]!r}"
        return content, {k.lower(): v for k, v in found.items()}

    def image(self, name: str, **fields: Any) -> str:
        """A new image's id."""
        document = {"name": name, "disk_format": "raw", "container_format": "bare", **fields}
        return str(self.ask("POST", "/image/v2/images", document, expect=201)["id"])

    def change(self, image: str, *changes: dict[str, Any], expect: int = 200) -> Any:
        path = f"/image/v2/images/{image}"
        return self.ask("PATCH", path, list(changes), expect=expect, content_type=PATCH)

    def upload(self, image: str, content: bytes) -> None:
        path = f"/image/v2/images/{image}/file"
        self.ask("PUT", path, content, expect=204, content_type=STREAM)

    def downloaded(self, image: str) -> bytes:
        return self.answer("GET", f"/image/v2/images/{image}/file", expect=200)[0]

    def found(self, query: dict[str, Any], **more: Any) -> list[str]:
        """The ids that the search finds now."""
        body = {"query": query, "limit": 500, "type": "OS::Glance::Image", **more}
        hits = self.ask("POST", "/search/v1/search", body)["hits"]["hits"]
        return [hit["_source"]["id"] for hit in hits]


def add(name: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": f"/{name}", "value": value}
