"""Signed images: real keys and certificates, from a folder and from a key manager that speaks Barbican's API."""

import random
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from images.certificates import SignaturesConfig
from tests.images.test_data import Client, ada, in_chunks, nothing_is_left
from tests.images.test_resumable import TUS, Session
from tests.support.patience import eventually
from tests.support.signing import authority, certificate, key, pem, properties

__all__ = ["ada"]

CONTENT = random.Random(3).randbytes(1_300_000)
ALTERED = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
NAME = "0f60f8b4-7d2e-4a53-bb7e-0123456789ab"
Configure = Callable[..., None]


@pytest.fixture
def configure(settings: Any) -> Configure:
    def change(**values: Any) -> None:
        config = replace(settings.VITRINE[SignaturesConfig], **values)
        settings.VITRINE = {**settings.VITRINE, SignaturesConfig: config}

    return change


@pytest.fixture
def folder(tmp_path: Path, configure: Configure) -> Path:
    configure(certificate_folder=tmp_path)
    return tmp_path


def lay(folder: Path, *certificates: x509.Certificate, name: str = NAME) -> None:
    (folder / f"{name}.pem").write_bytes(pem(*certificates))


def put(ada: Client, image_id: str, content: bytes = CONTENT) -> tuple[int, str]:
    answer = ada.put(image_id, in_chunks(content), Accept="application/json")
    return answer.status_code, answer.json()["error_code"] if answer.content else ""


@pytest.mark.parametrize("kind", ["RSA-PSS", "DSA", "ECC_SECP384R1", "ECC_SECP521R1"])
@pytest.mark.parametrize("method", ["SHA-224", "SHA-256", "SHA-384", "SHA-512"])
def test_signatures(ada: Client, folder: Path, kind: str, method: str) -> None:
    lay(folder, certificate(kind))
    signed = properties(CONTENT, kind, method, NAME.upper())
    good, bad = ada.queued(**signed), ada.queued(**signed)
    assert put(ada, good) == (204, "")
    assert ada.get(good).content == CONTENT
    ada.caller.call("DELETE", f"/v2/images/{good}")
    assert put(ada, bad, ALTERED) == (400, "signature_mismatch")
    assert ada.caller.show(bad).json()["status"] == "queued"
    assert eventually(lambda: nothing_is_left(bad))
    assert put(ada, bad) == (204, ""), "it can be tried again"


OTHER_KINDS = {
    "img_signature_hash_method": ["MD5", "SHA-1", "sha-256"],
    "img_signature_key_type": ["RSA", "ECC_SECT571K1", "rsa-pss"],
    "img_signature_certificate_uuid": ["../../etc/passwd", "abc"],
    "img_signature": ["not base64!"],
}


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_descriptions_that_cannot_be_read(ada: Client, folder: Path, name: str) -> None:
    lay(folder, certificate())
    for value in OTHER_KINDS[name]:
        signed = {**properties(CONTENT, "RSA-PSS", "SHA-256", NAME), name: value}
        image_id = ada.queued(**signed)
        assert put(ada, image_id) == (400, "malformed_signature")
        assert nothing_is_left(image_id)


def test_with_a_part_of_the_description_nothing_is_verified(ada: Client, folder: Path) -> None:
    signed = properties(b"other", "RSA-PSS", "SHA-256", NAME)
    for missing in signed:
        partly = {k: v for k, v in signed.items() if k != missing}
        assert put(ada, ada.queued(**partly)) == (204, "")


def test_certificates_that_cannot_be_used(
    ada: Client, tmp_path: Path, configure: Configure
) -> None:
    image_id = ada.queued(**properties(CONTENT, "RSA-PSS", "SHA-256", NAME))
    assert put(ada, image_id) == (400, "certificate_not_found"), "no source is configured"
    configure(certificate_folder=tmp_path)
    assert put(ada, image_id) == (400, "certificate_not_found")
    lay(tmp_path, certificate(), name=str(uuid.uuid4()))
    assert put(ada, image_id) == (400, "certificate_not_found")
    lay(tmp_path, certificate("ECC_SECP384R1"))
    assert put(ada, image_id) == (400, "untrusted_certificate"), "another type of key"
    (tmp_path / f"{NAME}.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nx\n")
    assert put(ada, image_id) == (400, "untrusted_certificate")
    (tmp_path / f"{NAME}.pem").write_bytes(b"nonsense")
    assert put(ada, image_id) == (400, "untrusted_certificate")
    assert nothing_is_left(image_id)
    lay(tmp_path, certificate())
    assert put(ada, image_id) == (204, "")


def test_another_owners_certificate(ada: Client, folder: Path) -> None:
    image_id = ada.queued(**properties(CONTENT, "ECC_SECP384R1", "SHA-256", NAME))
    key.cache_clear()
    lay(folder, certificate("ECC_SECP384R1"))
    assert put(ada, image_id) == (400, "signature_mismatch")


def test_trusted_authorities(ada: Client, folder: Path, configure: Configure) -> None:
    root = authority()
    between = authority("between", root, "ECC_SECP521R1")
    trusted = folder / "trusted"
    trusted.write_bytes(pem(root.certificate, between.certificate))
    configure(trusted_certificates=trusted)
    image_id = ada.queued(**properties(CONTENT, "RSA-PSS", "SHA-256", NAME))
    own = certificate()
    leaf = certificate("ECC_SECP384R1", name="leaf", issuer=root)
    refused = {
        "signed by itself": own,
        "expired": certificate(issuer=root, days=-5),
        "issued by one that is no authority": certificate(
            issuer=type(root)(leaf, key("ECC_SECP384R1"))
        ),
        "issued by an unknown one of the same name": certificate(
            issuer=type(root)(root.certificate, key("DSA"))
        ),
    }
    for why, one in refused.items():
        lay(folder, one)
        assert put(ada, image_id) == (400, "untrusted_certificate"), why
    accepted = {
        "by the root": certificate(issuer=root),
        "by one between": certificate(issuer=between),
    }
    for why, one in accepted.items():
        lay(folder, one)
        again = ada.queued(**properties(CONTENT, "RSA-PSS", "SHA-256", NAME))
        assert put(ada, again) == (204, ""), why
    trusted.write_bytes(pem(own))
    lay(folder, own)
    assert put(ada, image_id) == (204, ""), "trusted by itself"


def test_a_resumed_upload_is_verified_at_its_end(ada: Client, folder: Path) -> None:
    lay(folder, certificate())
    signed = properties(CONTENT, "RSA-PSS", "SHA-256", NAME)
    for content, status in ((ALTERED, 400), (CONTENT, 204)):
        session = Session(ada, ada.queued(**signed), len(content))
        assert session.patch(content[:700_000]).status_code == 204
        assert session.patch(content[700_000:]).status_code == status
        if status == 400:
            assert ada.http.head(session.path, headers=TUS).status_code == 404
            assert eventually(lambda session=session: nothing_is_left(session.image_id))


def test_a_session_is_refused_at_once_and_waits_for_its_certificate(
    ada: Client, folder: Path
) -> None:
    """Not after all the bytes came; and when the certificate is away only then, they are not lost."""
    signed = properties(CONTENT, "RSA-PSS", "SHA-256", NAME)
    lay(folder, certificate())
    unreadable = Session(ada, ada.queued(**signed | {"img_signature": "?"}), len(CONTENT)).opened
    assert (unreadable.status_code, unreadable.json()["error_code"]) == (400, "malformed_signature")
    session = Session(ada, ada.queued(**signed), len(CONTENT))
    (folder / f"{NAME}.pem").unlink()
    away = Session(ada, ada.queued(**signed), len(CONTENT)).opened
    assert (away.status_code, away.json()["error_code"]) == (400, "certificate_not_found")
    assert session.patch(CONTENT[:700_000]).status_code == 204
    assert session.patch(CONTENT[700_000:]).status_code == 400
    assert session.offset() == 700_000
    lay(folder, certificate())
    assert session.patch(CONTENT[700_000:]).status_code == 204


class KeyManager(ThreadingHTTPServer):
    """Barbican's two requests for a secret, for one token."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Secrets)
        self.secrets: dict[str, bytes] = {}
        self.token = ""
        self.broken = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/key-manager/"


class _Secrets(BaseHTTPRequestHandler):
    server: KeyManager

    def do_GET(self) -> None:
        found = self.server.secrets.get(self.path.split("/")[4])
        kind, content = (
            "application/json",
            b'{"content_types": {"default": "application/pkix-cert"}}',
        )
        if self.path.endswith("/payload"):
            kind, content = "application/pkix-cert", found or b""
        status = 200 if found is not None else 404
        if self.headers["X-Auth-Token"] != self.server.token:
            status = 401
        if self.headers["Accept"] != kind:
            status = 406
        self.send_response(self.server.broken or status)
        if self.server.broken == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def key_manager(configure: Configure) -> Iterator[KeyManager]:
    with KeyManager() as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.05,))
        thread.start()
        configure(barbican_url=found.url, barbican_timeout=60.0)
        yield found
        found.shutdown()
        thread.join(10)


def test_a_key_manager(ada: Client, key_manager: KeyManager) -> None:
    key_manager.token = ada.caller.token
    image_id = ada.queued(**properties(CONTENT, "RSA-PSS", "SHA-256", NAME))
    assert put(ada, image_id) == (400, "certificate_not_found")
    key_manager.secrets[NAME] = certificate().public_bytes(serialization.Encoding.DER)
    key_manager.token = "somebody else's"
    assert put(ada, image_id) == (400, "certificate_not_found")
    key_manager.token = ada.caller.token
    for broken in (500, 302):
        key_manager.broken = broken
        assert put(ada, image_id) == (503, "key_manager_unavailable")
    key_manager.broken = 0
    key_manager.secrets[NAME] += bytes(100_000)
    assert put(ada, image_id) == (503, "key_manager_unavailable"), "no certificate is so long"
    key_manager.secrets[NAME] = certificate().public_bytes(serialization.Encoding.DER)
    assert nothing_is_left(image_id)
    assert put(ada, image_id) == (204, "")


def test_a_key_manager_that_is_away(ada: Client, configure: Configure, folder: Path) -> None:
    configure(barbican_url="http://127.0.0.1:1")
    image_id = ada.queued(**properties(CONTENT, "RSA-PSS", "SHA-256", NAME))
    assert put(ada, image_id) == (503, "key_manager_unavailable")
    lay(folder, certificate())
    assert put(ada, image_id) == (204, ""), "the folder is asked first"


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    wrong: list[dict[str, Any]] = [
        {"barbican_url": "barbican:9311"},
        {"barbican_url": "file:///etc"},
        {"certificate_folder": tmp_path / "none"},
        {"trusted_certificates": tmp_path},
    ]
    for values in wrong:
        assert list(SignaturesConfig(**values).problems())
    assert not list(SignaturesConfig(certificate_folder=tmp_path).problems())


def test_the_refusal_is_plain(ada: Client, folder: Path) -> None:
    lay(folder, certificate())
    image_id = ada.queued(**properties(b"other", "RSA-PSS", "SHA-256", NAME))
    answer: httpx.Response = ada.put(image_id, CONTENT)
    assert "signature does not belong to this data" in answer.text
