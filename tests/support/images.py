"""Calling the Images API in tests: a client per user and project."""

from typing import Any

from tests.support.http import Http
from tests.support.identity import make_project, make_user, token_for

V2_1 = "application/openstack-images-v2.1-json-patch"
V2_0 = "application/openstack-images-v2.0-json-patch"


class Caller(Http):
    """A user on a project, and what it asks the service."""

    def __init__(self, name: str, project: Any, roles: tuple[str, ...] = ("member",)) -> None:
        self.project = project
        self.user = make_user(name, project, roles)
        super().__init__(token_for(self.user, project), base="/image")

    def create(self, **fields: Any) -> dict[str, Any]:
        answer = self.call("POST", "/v2/images", fields)
        assert answer.status_code == 201, answer.content
        return answer.json()

    def patch(self, image_id: str, *operations: dict[str, Any], content_type: str = V2_1) -> Any:
        return self.call("PATCH", f"/v2/images/{image_id}", list(operations), content_type)

    def show(self, image_id: str) -> Any:
        return self.call("GET", f"/v2/images/{image_id}")

    def ids(self, query: str = "") -> list[str]:
        answer = self.call("GET", f"/v2/images{'?' if query else ''}{query}")
        assert answer.status_code == 200, answer.content
        return [image["id"] for image in answer.json()["images"]]


def callers(*names: str) -> list[Caller]:
    """One member each, of a project of its own."""
    return [Caller(name, make_project(f"{name}-project")) for name in names]


def administrator() -> Caller:
    return Caller("root", make_project("administrators"), ("admin",))
