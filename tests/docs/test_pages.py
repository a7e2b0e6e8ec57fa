"""How-to pages are executed as written."""

import os
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import kombu
import pytest

from tests.docs.pages import ADDRESS, DOCS, execute, workplace
from tests.support.ports import free_port
from tests.support.service import Service, configured

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PAGES = DOCS / "how-to"
INSTALL = ".venv/bin/pip install --quiet ./acme-store"
INSTALL_HERE = (  # not into the environment that all tests share, and without the network
    ".venv/bin/pip install --quiet --no-build-isolation --no-deps --no-cache-dir"
    " --disable-pip-version-check --target plugins ./acme-store; export PYTHONPATH=$PWD/plugins"
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose data folder lies in a workplace; pages leave it as useful as they found it."""
    with configured(workplace(tmp_path_factory.mktemp("shared")) / "var") as found:
        found.start()
        yield found


PLAIN = (
    "application-credentials",
    "check-uploaded-data",
    "clients",
    "image-families",
    "load-metadefs",
    "read-the-logs-and-metrics",
    "restore-an-image",
    "resume-an-upload",
)


@pytest.mark.parametrize("name", PLAIN)
def test_page_beside_a_service(name: str, service: Service) -> None:
    execute(PAGES / f"{name}.md", service.folder.parent, {ADDRESS: service.url})


def test_backup_holds_what_there_was(service: Service) -> None:
    token = service.token()
    image = {"name": "kept", "disk_format": "raw", "container_format": "bare"}
    status, _, headers = service.call("POST", "/image/v2/images", image, token=token)
    path = headers["Location" if "Location" in headers else "location"].removeprefix(service.url)
    assert status == 201
    stored = service.call(
        "PUT", f"{path}/file", b"bytes", token=token, content_type="application/octet-stream"
    )
    assert stored[0] == 204
    # What the relay holds at this moment it would hold in the copy too, until the lease ends there.
    service.call("POST", "/search/v1/search?consistency=wait", {}, token=token)
    folder = service.folder.parent
    execute(PAGES / "back-up-and-restore.md", folder, {"9393": str(free_port())})
    with sqlite3.connect(folder / "restored" / "vitrine.sqlite3") as rows:
        names = rows.execute("SELECT name, status FROM artifacts_artifact").fetchall()
    assert ("kept", "active") in names
    kept = [one.read_bytes() for one in (folder / "restored/blobs").rglob("*") if one.is_file()]
    assert b"bytes" in kept


def test_password_page(tmp_path: Path) -> None:
    with configured(workplace(tmp_path) / "var") as service:
        service.start()
        execute(PAGES / "change-the-admin-password.md", tmp_path, {})


OWN = ("change-the-policy", "limit-projects", "protect-properties", "use-several-stores")


@pytest.mark.parametrize("name", OWN)
def test_page_with_a_service_of_its_own(name: str, tmp_path: Path) -> None:
    execute(PAGES / f"{name}.md", workplace(tmp_path), {"9494": str(free_port())})


@pytest.mark.rabbitmq
def test_notifications_page(tmp_path: Path) -> None:
    broker, name = os.environ["VITRINE_TEST_RABBITMQ_URL"], f"t{uuid.uuid4().hex[:10]}"
    exports = f"VITRINE_NOTIFICATIONS_TOPICS={name} VITRINE_NOTIFICATIONS_EXCHANGE=x{name}"
    words = {
        "amqp://user:password@rabbit.example:5672//": f"{broker} {exports}",
        "notifications.info": f"{name}.info",
        "9494": str(free_port()),
    }
    try:
        execute(PAGES / "receive-notifications.md", workplace(tmp_path), words)
    finally:
        with kombu.Connection(broker) as connection, connection.channel() as channel:
            for queue in (f"{name}.info", f"{name}.error"):
                kombu.Queue(queue, channel=channel).delete()
            kombu.Exchange(f"x{name}", channel=channel).delete()


def test_page_with_a_web_server(tmp_path: Path) -> None:
    ports = {"9494": str(free_port()), "9595": str(free_port())}
    execute(PAGES / "register-a-location.md", workplace(tmp_path), ports)


def test_store_page(tmp_path: Path) -> None:
    execute(PAGES / "write-a-store.md", workplace(tmp_path), {INSTALL: INSTALL_HERE})


def test_conditional_requests(service: Service) -> None:
    page = DOCS / "reference" / "conditional-requests.md"
    execute(page, service.folder.parent, {ADDRESS: service.url})
