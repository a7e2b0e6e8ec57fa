"""A real Keystone: what tests make in it, and a way to it that can be cut.

Several runs share one Keystone, so every name is made up; regions keep the endpoints of the runs apart.
"""

import os
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from identity.keystone.conf import KeystoneConfig
from tests.support.ports import free_port

ADMIN_PASSWORD = "vitrine-tests"
PASSWORD = "a password for tests only"
SCRIPT = Path(__file__).parents[2] / "scripts/services"
SERVICES = {"image": "/image", "artifact": "/artifact", "search": "/search"}


def url() -> str:
    return os.environ["VITRINE_TEST_KEYSTONE_URL"]


def made_up(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:12]}"


@dataclass
class Person:
    """A user of the domain Default with its project."""

    name: str
    id: str
    project: str
    project_id: str
    password: str = PASSWORD

    def token(self, keystone: str = "", **scope: Any) -> str:
        """A token on the project, or as `scope` says to keystoneauth."""
        scope = scope or {"project_id": self.project_id}
        auth = v3.Password(keystone or url(), user_id=self.id, password=self.password, **scope)
        return str(Session(auth=auth).get_token())


@dataclass
class Cloud:
    """Keystone by its administrator."""

    url: str = field(default_factory=url)
    password: str = ADMIN_PASSWORD
    _session: Session = field(init=False)

    def __post_init__(self) -> None:
        auth = v3.Password(
            self.url,
            username="admin",
            password=self.password,
            user_domain_id="default",
            project_name="admin",
            project_domain_id="default",
        )
        self._session = Session(auth=auth)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self._session.request(self.url + path, method, json=body, **options)
        return answer.json() if answer.content else None

    def create(self, noun: str, plural: str = "", **values: Any) -> dict[str, Any]:
        return self.call("POST", f"/{plural or noun + 's'}", {noun: values})[noun]

    def find(self, noun: str, name: str) -> str:
        found = self.call("GET", f"/{noun}s?name={name}")[f"{noun}s"]
        return str(found[0]["id"])

    def project(self, name: str = "") -> dict[str, Any]:
        return self.create("project", name=name or made_up("project"), domain_id="default")

    def person(self, *roles: str, project: dict[str, Any] | None = None, name: str = "") -> Person:
        """A new user with these roles on a project."""
        project = project or self.project()
        name = name or made_up("user")
        user = self.create("user", name=name, domain_id="default", password=PASSWORD)
        person = Person(name, user["id"], project["name"], project["id"])
        for role in roles:
            self.grant(person, role)
        return person

    def grant(self, person: Person, role: str, *, take: bool = False) -> None:
        path = f"/projects/{person.project_id}/users/{person.id}/roles/{self.find('role', role)}"
        self.call("DELETE" if take else "PUT", path)

    def revoke(self, token: str) -> None:
        self.call("DELETE", "/auth/tokens", headers={"X-Subject-Token": token})

    def region(self, identity: str = "") -> str:
        """A new region whose identity endpoint is `identity`."""
        region = str(self.create("region", id=made_up("region"))["id"])
        self.endpoint("identity", identity or self.url, region)
        return region

    def endpoint(self, kind: str, address: str, region: str) -> str:
        """Endpoints of a service in the region; the service's id."""
        found = self.call("GET", f"/services?type={kind}")["services"]
        service = found[0] if found else self.create("service", type=kind, name=kind)
        for interface in ("public", "internal"):
            self.create(
                "endpoint",
                service_id=service["id"],
                interface=interface,
                url=address,
                region_id=region,
            )
        return str(service["id"])

    def register(self, address: str, region: str) -> None:
        """Our services in the region, as an operator registers them."""
        for kind, path in SERVICES.items():
            self.endpoint(kind, address + path, region)


def service_user(cloud: Cloud) -> Person:
    """Who validates tokens: the role `service` is enough for that."""
    return cloud.person("service")


def configuration(user: Person, region: str | None = None, **values: Any) -> KeystoneConfig:
    """Settings that let the service in at Keystone."""
    return KeystoneConfig(
        **{
            "auth_url": values.get("auth_url") or url(),
            "username": user.name,
            "password": user.password,
            "project": user.project,
            "region": region,
            "away_seconds": 0,
            **values,
        }
    )


class Forwarder:
    """A way to a server that can be cut, mended, or made to swallow everything; it counts connections."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._port = free_port()  # nobody takes it while the way is cut
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._open: set[socket.socket] = set()
        self.accepted = 0
        self.silent = False
        self.url = f"http://127.0.0.1:{self._port}{parts.path}"
        self._run()

    def cut(self) -> None:
        """Refuse connections and end those that are open."""
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
            self._listener.close()
        self._accepting.join(10)
        for one in list(self._open):
            one.close()

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._run()

    def _run(self) -> None:
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._accepting.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.add(near)
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        try:
            with near, socket.create_connection(self._target) as far:
                self._open.add(far)
                while True:
                    ready, _, _ = select.select([near, far], [], [], 1)
                    for one in ready:
                        data = one.recv(65536)
                        if not data:
                            return
                        if not self.silent:
                            (far if one is near else near).sendall(data)
        except (OSError, ValueError):
            return


@dataclass
class OwnKeystone:
    """A Keystone for one test alone, which may be killed."""

    folder: Path
    url: str = ""

    def run(self, command: str, *arguments: str) -> None:
        line = [str(SCRIPT), command, "--dir", str(self.folder), *arguments]
        done = subprocess.run(line, capture_output=True, text=True, timeout=280, check=False)
        assert done.returncode == 0, done.stderr
        env = self.folder / "env"
        values = env.read_text().splitlines() if env.exists() else []
        for name, _, value in (line.partition("=") for line in values):
            if name == "VITRINE_TEST_KEYSTONE_URL":
                self.url = value


@contextmanager
def own_keystone() -> Iterator[OwnKeystone]:
    """Not in pytest's own folder: the account that runs the server could not enter it."""
    base = Path(tempfile.mkdtemp(prefix="vitrine-keystone-"))
    base.chmod(0o755)
    found = OwnKeystone(base / "servers")
    try:
        found.run("start", "keystone")
        yield found
    finally:
        found.run("stop", "--purge")
        shutil.rmtree(base, ignore_errors=True)


def prepare(keystone: str, service: str, password: str) -> dict[str, str]:
    """Register the service with its user as an operator does; the settings that let it in.

    `admin` gets this password.
    """
    cloud = Cloud(keystone)
    admin = cloud.find("user", "admin")
    project = cloud.create("project", name="service", domain_id="default")
    user = cloud.person("service", project=project, name="vitrine")
    cloud.call("PUT", f"/system/users/{user.id}/roles/{cloud.find('role', 'reader')}")
    cloud.register(service, "RegionOne")
    cloud.call("PATCH", f"/users/{admin}", {"user": {"password": password}})
    return {
        "VITRINE_IDENTITY_BACKEND": "keystone",
        "VITRINE_KEYSTONE_AUTH_URL": keystone,
        "VITRINE_KEYSTONE_USERNAME": user.name,
        "VITRINE_KEYSTONE_PASSWORD": user.password,
        "VITRINE_KEYSTONE_REGION": "RegionOne",
    }


def clouds(keystone: str, password: str) -> dict[str, Any]:
    """The administrator's `clouds.yaml`."""
    auth = {
        "auth_url": keystone,
        "username": "admin",
        "password": password,
        "project_name": "admin",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    cloud = {"auth": auth, "region_name": "RegionOne", "interface": "public"}
    return {"clouds": {"vitrine": cloud | {"identity_api_version": 3}}}
