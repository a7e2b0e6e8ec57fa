"""The nginx that the page about production sets up, as written there, before the running service."""

import hashlib
import os
import pwd
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.docs.pages import DOCS, blocks
from tests.support.patience import eventually
from tests.support.ports import free_port
from tests.support.service import Service, configured

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PAGE = DOCS / "how-to" / "run-in-production.md"
DATA = random.Random(6).randbytes(3 << 20)
MAIN = """
user {user};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service behind a proxy that sends files, with the page's settings."""
    folder = tmp_path_factory.mktemp("proxied")
    settings = {
        "VITRINE_TRUSTED_PROXIES": "127.0.0.1",
        "VITRINE_STORES_ACCEL_REDIRECT": "/_bytes",
    }
    with configured(folder, **settings) as found:
        found.start()
        yield found


@pytest.fixture(scope="module")
def proxied(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of nginx, signed in as the administrator."""
    program = os.environ.get("VITRINE_TEST_NGINX")
    if program is None and os.environ.get("VITRINE_TEST_REQUIRE_SERVICES") == "1":
        pytest.fail("nginx is needed, and all services are required")
    if program is None:
        pytest.skip("VITRINE_TEST_NGINX not set (scripts/services start nginx)")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    (folder / "nginx.conf").write_text(_configuration(service, folder, port))
    with _running([program, "-c", str(folder / "nginx.conf"), "-p", str(folder)]):
        client = httpx.Client(
            base_url=f"https://127.0.0.1:{port}",
            verify=False,  # the certificate is the test's own
            headers={"X-Auth-Token": service.token()},
            timeout=120,
        )
        with client:
            assert eventually(lambda: _answers(client))
            yield client


def _configuration(service: Service, folder: Path, port: int) -> str:
    """The page's two blocks, with this test's addresses and files in the place of the page's."""
    _certificate(folder)
    server, location = [one.text for one in blocks(PAGE) if one.kind == "nginx"]
    text = server.rstrip().removesuffix("}") + location + "}\n"
    words = {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/ssl/": f"{folder}/",
        "http://127.0.0.1:9292": service.url,
        "/var/lib/vitrine": str(service.folder),
    }
    for word, meant in words.items():
        assert word in text, f"{PAGE} does not speak of {word}"
        text = text.replace(word, meant)
    return MAIN.format(user=pwd.getpwuid(os.getuid()).pw_name, folder=folder, server=text)


def _certificate(folder: Path) -> None:
    request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=vitrine.example".split()
    files = ["-keyout", str(folder / "vitrine.key"), "-out", str(folder / "vitrine.pem")]
    subprocess.run([*request, *files], check=True, capture_output=True)


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/image/versions").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def image(proxied: httpx.Client) -> str:
    """The address of an image with data, uploaded through the proxy in chunks."""
    fields = {"name": "proxied", "disk_format": "raw", "container_format": "bare"}
    made = proxied.post("/image/v2/images", json=fields)
    assert made.status_code == 201, made.text
    address = f"/image/v2/images/{made.json()['id']}"
    pieces = (DATA[start : start + 65_536] for start in range(0, len(DATA), 65_536))
    octets = {"Content-Type": "application/octet-stream"}
    assert proxied.put(f"{address}/file", content=pieces, headers=octets).status_code == 204
    return address


def test_addresses_are_the_proxys(proxied: httpx.Client) -> None:
    href = proxied.get("/image/versions").json()["versions"][0]["links"][0]["href"]
    assert href.startswith(str(proxied.base_url))
    assert proxied.get("/metrics").status_code == 404
    assert proxied.get("/healthz/ready").status_code == 404


def test_nginx_sends_the_whole_file(service: Service, proxied: httpx.Client, image: str) -> None:
    shown = proxied.get(image).json()
    got = proxied.get(f"{image}/file")
    assert (got.status_code, got.content == DATA) == (200, True)
    assert got.headers["content-length"] == str(len(DATA))
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-md5"] == shown["checksum"] == hashlib.md5(DATA).hexdigest()
    assert got.headers["x-openstack-request-id"].startswith("req-")
    assert "last-modified" in got.headers, "nginx knows files; the service tells no such time"
    token = {"X-Auth-Token": service.token()}
    past_nginx = httpx.get(f"{service.url}{image}/file", headers=token, timeout=120)
    assert past_nginx.content == DATA
    assert past_nginx.headers["etag"] == got.headers["etag"]


def test_the_service_decides_what_is_asked_in_part(proxied: httpx.Client, image: str) -> None:
    part = proxied.get(f"{image}/file", headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, DATA[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(DATA)}"
    tag = part.headers["etag"]
    assert proxied.get(f"{image}/file", headers={"If-None-Match": tag}).status_code == 304
    assert proxied.get(f"{image}/file", headers={"If-Match": tag}).content == DATA
    assert proxied.get(f"{image}/file", headers={"If-Match": '"other"'}).status_code == 412
    head = proxied.head(f"{image}/file")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(DATA)))


def test_nginx_hands_out_no_file_by_itself(
    service: Service, proxied: httpx.Client, image: str
) -> None:
    files = [path for path in (service.folder / "blobs").rglob("*") if path.is_file()]
    assert any(path.read_bytes() == DATA for path in files)
    for path in files:
        assert proxied.get(f"/_bytes{path}").status_code == 404
    stranger = proxied.get(f"{image}/file", headers={"X-Auth-Token": "none"})
    assert stranger.status_code == 401
