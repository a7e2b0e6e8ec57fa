"""A server on loopback that speaks as a Keystone does, and answers any one question in any shape it is told to.

Who there is: the service's user, `ada` with one project, `boss` who may administer the system. Passwords count for
nothing. A token is the name of its user, with the scope behind a slash.
"""

from contextlib import AbstractContextManager, suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import orjson
from typing_extensions import override

from tests.support.loopback import Loopback, running

SERVICE, ADA, BOSS, PROJECT = "vitrine", "ada", "boss", "studio"
END = "2099-01-01T00:00:00.000000Z"


class Reply:
    """`body`: bytes as they are, anything else as JSON; `claimed`: a Content-Length that is not the body's."""

    def __init__(
        self, body: Any, status: int = 200, *, subject: str | None = None, claimed: int = 0
    ) -> None:
        self.content = body if isinstance(body, bytes) else orjson.dumps(body)
        self.status = status
        self.subject = subject
        self.size = claimed or len(self.content)


class Crooked(Loopback):
    """`answers`: what is said in place of the right answer, by question.

    ::

        service      the service's user signs in
        sign-in      somebody else does, by password
        scoped       somebody asks for a token on a project or on the system
        validation   whose token this is
        /auth/projects, /limits, …   the path
    """

    def __init__(self) -> None:
        self.answers: dict[str, Reply] = {}
        self.asked: list[str] = []
        super().__init__(type("Handler", (_Handler,), {"keystone": self}))
        self.url = f"http://127.0.0.1:{self.port}/v3"

    def right(self, question: str, subject: str) -> Reply:
        """What Keystone would answer; `subject` is the token that it is about, or the one asked for."""
        name = subject.partition("/")[0]
        known: dict[str, Any] = {
            "/auth/projects": {"projects": [] if name == BOSS else [self.project()]},
            "/": {"version": {"id": "v3.14"}},
            "/limits/model": {"model": {"name": "flat"}},
            "/services": {"services": [{"id": "image-service"}]},
            "/registered_limits": {"registered_limits": [self.limit(default_limit=5)]},
            "/limits": {"limits": [self.limit(project_id=PROJECT, resource_limit=7)]},
        }
        if question in known:
            return Reply(known[question])
        status = 200 if question == "validation" else 201
        return Reply(self.token(subject), status, subject=subject)

    def token(self, subject: str) -> dict[str, Any]:
        name, _, scope = subject.partition("/")
        found: dict[str, Any] = {
            "user": {"id": f"{name}-id", "name": name, "domain": {"id": "default"}},
            "expires_at": END,
            "audit_ids": ["an-audit-id"],
        }
        if scope == "system":
            found |= {"system": {"all": True}}
        elif scope:
            found |= {"project": self.project()}
        if scope:
            names = ("admin",) if name == BOSS else ("member", "reader")
            found["roles"] = [{"id": one, "name": one} for one in names]
        if name == SERVICE:
            found["catalog"] = self.catalog()
        return {"token": found}

    def catalog(self) -> list[Any]:
        endpoint = {"interface": "internal", "url": self.url, "region_id": "one", "region": "one"}
        return [{"type": "identity", "name": "keystone", "id": "i", "endpoints": [endpoint]}]

    def project(self) -> dict[str, Any]:
        return {"id": PROJECT, "name": "Studio", "domain_id": "default", "enabled": True}

    def limit(self, **values: Any) -> dict[str, Any]:
        return {"resource_name": "image_count_total", "region_id": None, **values}


def crooked_keystone() -> AbstractContextManager[Crooked]:
    return running(Crooked())


class _Handler(BaseHTTPRequestHandler):
    keystone: ClassVar[Crooked]

    def do_POST(self) -> None:
        auth = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))["auth"]
        scope = auth.get("scope")
        if "token" in auth["identity"]["methods"]:
            name = auth["identity"]["token"]["id"]
            kind = "system" if "system" in scope else PROJECT
            return self._answer("scoped", f"{name}/{kind}")
        user = auth["identity"]["password"]["user"]["name"]
        if user == SERVICE:
            return self._answer("service", f"{user}/{PROJECT}")
        return self._answer("sign-in", user)

    def do_GET(self) -> None:
        path = self.path.removeprefix("/v3").partition("?")[0]
        if path == "/auth/tokens":
            return self._answer("validation", self.headers["X-Subject-Token"])
        return self._answer(path, self.headers["X-Auth-Token"])

    @override
    def log_message(self, format: str, *args: Any) -> None:
        return

    def _answer(self, question: str, subject: str) -> None:
        self.keystone.asked.append(question)
        reply = self.keystone.answers.get(question) or self.keystone.right(question, subject)
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(reply.size))
        if reply.subject is not None:
            self.send_header("X-Subject-Token", reply.subject)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(reply.content)
