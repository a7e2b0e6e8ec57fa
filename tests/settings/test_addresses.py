"""Where links lead: to what is configured, or to a host that nobody else than its owners could have named."""

import socket
from dataclasses import replace

import pytest
from django.conf import settings
from django.test import RequestFactory

from catalog.api.addresses import PROXIED, base_url
from catalog.conf import CatalogConfig


def link(host: str, *, server: str = "10.0.0.5", port: str = "9292", **environ: object) -> str:
    request = RequestFactory().get(
        "/", headers={"Host": host}, SERVER_NAME=server, SERVER_PORT=port, **environ
    )
    return base_url(request)


@pytest.fixture(autouse=True)
def _anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["*"])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:9292",
        "localhost:9292",
        "[::1]:9292",
        "192.168.7.7",
        "10.0.0.5",
        socket.gethostname(),
    ],
)
def test_own_names_and_addresses_of_private_networks_are_believed(host: str) -> None:
    assert link(host) == f"http://{host}"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:9292", "8.8.8.8", "[2001:4860::1]", "localhost.evil.example"],
)
def test_other_hosts_lead_nobody_astray(host: str) -> None:
    assert link(host) == "http://10.0.0.5:9292"
    assert link(host, server="2001:db8::5") == "http://[2001:db8::5]:9292"


def test_the_address_that_the_client_is_connected_to_is_believed() -> None:
    assert link("8.8.8.8", server="8.8.8.8") == "http://8.8.8.8"


def test_allowed_names_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["*", "vitrine.example", ".inside.example"])
    for host in ("vitrine.example", "vitrine.example:444", "a.inside.example"):
        assert link(host) == f"http://{host}"
    assert link("evil.example") == "http://10.0.0.5:9292"


def test_a_trusted_proxy_is_believed() -> None:
    assert link("vitrine.example", **{PROXIED: True}) == "http://vitrine.example"


def test_what_is_configured_goes_before(monkeypatch: pytest.MonkeyPatch) -> None:
    public = replace(settings.VITRINE[CatalogConfig], public_url="https://vitrine.example/")
    monkeypatch.setitem(settings.VITRINE, CatalogConfig, public)
    for host in ("evil.example", "127.0.0.1"):
        assert link(host) == "https://vitrine.example"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/image/versions", "/identity/v3", "/artifact/", "/search/", "/identity/"]
)
def test_documents_of_versions_name_no_strangers_host(client, path: str) -> None:
    answer = client.get(path, headers={"Host": "evil.example"})
    assert b"http://" in answer.content
    assert b"evil.example" not in answer.content
    assert "evil.example" not in str(answer.headers)
