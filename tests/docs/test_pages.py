"""Every page is executed as written, one after the other, in one folder and where it can be beside one service.

Each page finds the folder, the service and an empty HOME as the page before it did, since pages leave nothing behind.
"""

import json
import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import kombu
import pytest

from tests.docs.pages import ADDRESS, DOCS, blocks, execute, workplace
from tests.support.disks import smallest_qcow2
from tests.support.ports import free_port
from tests.support.service import ROOT, Service, configured

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

INSTALL = ".venv/bin/pip install --quiet ./acme-store"
INSTALL_HERE = (  # not into the environment that all tests share, and without the network
    ".venv/bin/pip install --quiet --no-build-isolation --no-deps --no-cache-dir"
    " --disable-pip-version-check --target plugins ./acme-store; export PYTHONPATH=$PWD/plugins"
)
REMOVE = ".venv/bin/pip uninstall --quiet --yes acme-store"

BESIDE = (
    "how-to/application-credentials",
    "how-to/check-uploaded-data",
    "how-to/clients",
    "how-to/image-families",
    "how-to/load-metadefs",
    "how-to/read-the-logs-and-metrics",
    "how-to/restore-an-image",
    "how-to/resume-an-upload",
    "how-to/share-an-image",
    "how-to/troubleshoot",
    "how-to/users-projects-roles",
    "reference/conditional-requests",
    "tutorial/first-image",
)
"""Pages that speak to the service that runs."""

OWN = (
    "how-to/change-the-policy",
    "how-to/limit-projects",
    "how-to/protect-properties",
    "how-to/register-a-location",
    "how-to/upgrade",
    "how-to/use-several-stores",
)
"""Pages that start a service of their own, on a port of its own, in the same folder."""

BY_THEMSELVES = {
    "../README": "below, with a disk",
    "../CONTRIBUTING": "test_changes.py, with fragments of its own",
    "how-to/back-up-and-restore": "below, which looks into the copy",
    "how-to/change-the-admin-password": "below: the others know the password",
    "how-to/receive-notifications": "below, with a queue of its own",
    "how-to/run-in-production": "test_production_page.py, with PostgreSQL, Redis and Elasticsearch",
    "how-to/take-over-a-glance": "tests/takeover, with a Glance",
    "how-to/use-keystone": "test_keystone_page.py, with a Keystone",
    "how-to/write-a-store": "below, where the plug-in is not installed for all tests",
}
"""Pages that are executed too, and where."""

NOT_RUN = {
    "README.md": "the first start, and the tests; a service runs",
    "CONTRIBUTING.md": "what CI does",
    "docs/how-to/back-up-and-restore.md": "pg_dump of a database in production",
    "docs/how-to/check-uploaded-data.md": "a service with certificates; tests/images verifies signatures",
    "docs/how-to/resume-an-upload.md": "a client that is not among the tests' libraries",
    "docs/how-to/run-in-production.md": "accounts and units of the machine; the units' text is run by the test",
    "docs/how-to/upgrade.md": "a new version, accounts and units of the machine",
    "docs/tutorial/first-image.md": "the first start and the client, with the network; a service runs",
}
"""Blocks of kind `console`, which are for people alone, and why."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The one service that runs beside the pages, in the folder in which they run."""
    with configured(workplace(tmp_path_factory.mktemp("shared")) / "var") as found:
        found.start()
        yield found


@pytest.fixture
def folder(service: Service) -> Iterator[Path]:
    """The folder of all pages; the page that ran left the service as it was."""
    before = _kept(service)
    yield service.folder.parent
    assert _kept(service) == before


def _kept(service: Service) -> Mapping[str, list[str]]:
    """What everybody has made, by name."""
    token = service.token()

    def names(path: str, key: str = "", name: str = "name") -> list[str]:
        status, answer, _ = service.call("GET", path, token=token)
        assert status == 200, answer
        return sorted(str(one[name]) for one in json.loads(answer)[key or path.rpartition("/")[2]])

    images = "/image/v2/images?limit=1000"
    identity = "/identity/v3"
    [admin] = names(f"{identity}/users?name=admin", "users", "id")
    return {
        "images": names(images, "images") + names(f"{images}&os_hidden=true", "images"),
        "families": names("/image/v2/families"),
        "namespaces": names("/image/v2/metadefs/namespaces", name="namespace"),
        "credentials": names(f"{identity}/users/{admin}/application_credentials"),
        **{one: names(f"{identity}/{one}") for one in ("projects", "users", "roles", "domains")},
    }


@pytest.mark.parametrize("name", BESIDE)
def test_page_beside_the_service(name: str, folder: Path, service: Service) -> None:
    page = DOCS / f"{name}.md"
    execute(page, folder, {ADDRESS: service.url} if ADDRESS in page.read_text() else {})


@pytest.mark.parametrize("name", OWN)
def test_page_with_a_service_of_its_own(name: str, folder: Path) -> None:
    page = DOCS / f"{name}.md"
    ports = {port: str(free_port()) for port in ("9494", "9595") if port in page.read_text()}
    execute(page, folder, ports)


def test_backup_holds_what_there_was(folder: Path, service: Service) -> None:
    token = service.token()
    image = {"name": "kept", "disk_format": "raw", "container_format": "bare"}
    status, made, _ = service.call("POST", "/image/v2/images", image, token=token)
    path = f"/image/v2/images/{json.loads(made)['id']}"
    assert status == 201
    stored = service.call(
        "PUT", f"{path}/file", b"bytes", token=token, content_type="application/octet-stream"
    )
    assert stored[0] == 204
    # What the relay holds at this moment it would hold in the copy too, until the lease ends there.
    service.call("POST", "/search/v1/search?consistency=wait", {}, token=token)
    words = {"9393": str(free_port()), "rm -r backup restored": "mv restored var; rm -r backup"}
    execute(DOCS / "how-to/back-up-and-restore.md", folder, words, leaves=["var/restored"])
    restored = service.folder / "restored"
    with sqlite3.connect(restored / "vitrine.sqlite3") as rows:
        names = rows.execute("SELECT name, status FROM artifacts_artifact").fetchall()
    assert ("kept", "active") in names
    kept = [one.read_bytes() for one in (restored / "blobs").rglob("*") if one.is_file()]
    assert b"bytes" in kept
    assert service.call("DELETE", path, token=token)[0] == 204


def test_readme(folder: Path, service: Service) -> None:
    """With a disk of the reader's, and the image that the reader keeps."""
    disk = folder / "disk.qcow2"
    disk.write_bytes(smallest_qcow2(1 << 20))
    execute(ROOT / "README.md", folder, {})
    disk.unlink()
    service.openstack("image", "delete", "my-image")


def test_password_page(tmp_path: Path) -> None:
    with configured(workplace(tmp_path) / "var") as service:
        service.start()
        page = DOCS / "how-to/change-the-admin-password.md"
        execute(page, tmp_path, {}, leaves=["var/admin_password"])


@pytest.mark.rabbitmq
def test_notifications_page(folder: Path) -> None:
    broker, name = os.environ["VITRINE_TEST_RABBITMQ_URL"], f"t{uuid.uuid4().hex[:10]}"
    exports = f"VITRINE_NOTIFICATIONS_TOPICS={name} VITRINE_NOTIFICATIONS_EXCHANGE=x{name}"
    words = {
        "amqp://user:password@rabbit.example:5672//": f"{broker} {exports}",
        "notifications.info": f"{name}.info",
        "9494": str(free_port()),
    }
    try:
        execute(DOCS / "how-to/receive-notifications.md", folder, words)
    finally:
        with kombu.Connection(broker) as connection, connection.channel() as channel:
            for queue in (f"{name}.info", f"{name}.error"):
                kombu.Queue(queue, channel=channel).delete()
            kombu.Exchange(f"x{name}", channel=channel).delete()


def test_store_page(folder: Path) -> None:
    words = {INSTALL: INSTALL_HERE, REMOVE: "rm -r plugins"}
    execute(DOCS / "how-to/write-a-store.md", folder, words)


PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks/README.md",
    *DOCS.rglob("*.md"),
)


def test_every_page_is_executed() -> None:
    run = {one.resolve() for one in PAGES if _has(one, "sh")}
    assert run == {(DOCS / f"{one}.md").resolve() for one in (*BESIDE, *OWN, *BY_THEMSELVES)}


def test_what_is_not_executed_says_why() -> None:
    shown = {one.relative_to(ROOT).as_posix() for one in PAGES if _has(one, "console")}
    assert shown == set(NOT_RUN)


def _has(page: Path, kind: str) -> bool:
    return any(one.kind == kind for one in blocks(page))
