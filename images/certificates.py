"""Where the certificates of signed images come from: a folder of the operator's, or Barbican."""

import http.client
import json
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from typing_extensions import override

from catalog.conf import LONG, SOON, Section, setting
from catalog.errors import Invalid, Unavailable

LARGEST = 64 << 10
"""No certificate is longer, in bytes."""


@dataclass(frozen=True, kw_only=True)
class SignaturesConfig(Section):
    prefix: ClassVar[str] = "image_signatures"

    certificate_folder: Path | None = setting(
        None, help="Folder with certificates of signed images: `<UUID>.pem`; it is asked first."
    )
    barbican_url: str = setting(
        "", help="Barbican's address, asked with the caller's token; empty: it is not asked."
    )
    barbican_timeout: float = setting(10.0, help="Seconds that Barbican may take for an answer.")
    barbican_ca_file: Path | None = setting(
        None, help="Authorities (PEM) that Barbican's own TLS certificate is checked against."
    )
    trusted_certificates: Path | None = setting(
        None,
        help="Authorities (PEM) that must have issued the certificates of signed images; empty: any counts.",
    )

    @override
    def problems(self) -> Iterable[str]:
        if self.barbican_url and (
            urlsplit(self.barbican_url).scheme not in {"http", "https"}
            or not urlsplit(self.barbican_url).hostname
        ):
            yield f"image_signatures.barbican_url={self.barbican_url!r} must begin with http:// or https://"
        if self.certificate_folder is not None and not self.certificate_folder.is_dir():
            yield f"image_signatures.certificate_folder={str(self.certificate_folder)!r} is no folder"
        if self.trusted_certificates is not None and not self.trusted_certificates.is_file():
            yield f"image_signatures.trusted_certificates={str(self.trusted_certificates)!r} is no file"
        ca_file = self.barbican_ca_file
        if ca_file is not None and not ca_file.is_file():
            yield f"image_signatures.barbican_ca_file={str(ca_file)!r} is no file"
        yield from self.outside(SOON, LONG, "barbican_timeout")


class CertificateNotFound(Invalid):
    """No source here has the certificate, or lets the caller read it."""

    code = "certificate_not_found"


class KeyManagerUnavailable(Unavailable):
    """Barbican does not answer as it should."""

    code = "key_manager_unavailable"


class CertificateSource(ABC):
    """Gives certificates by UUID (lower case, checked by the caller), in PEM or DER. It may block."""

    @abstractmethod
    def fetch(self, name: str, *, token: str) -> bytes:
        """The certificate. CertificateNotFound, KeyManagerUnavailable."""


class Folder(CertificateSource):
    def __init__(self, path: Path) -> None:
        self._path = path

    @override
    def fetch(self, name: str, *, token: str) -> bytes:
        try:
            with (self._path / f"{name}.pem").open("rb") as file:
                return file.read(LARGEST)
        except OSError:
            raise CertificateNotFound(f"there is no certificate {name}", certificate=name) from None


class Barbican(CertificateSource):
    """The key manager's secrets API, version 1; redirects are not followed, for they would carry the token away."""

    def __init__(self, url: str, *, timeout: float, ca_file: Path | None = None) -> None:
        self._url, self._timeout = urlsplit(url), timeout
        self._ca_file = str(ca_file) if ca_file is not None else None

    @override
    def fetch(self, name: str, *, token: str) -> bytes:
        try:
            return self._payload(name, token)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise KeyManagerUnavailable(
                "the key manager does not answer as it should", reason=type(error).__name__
            ) from error

    def _payload(self, name: str, token: str) -> bytes:
        path = f"{self._url.path.rstrip('/')}/v1/secrets/{name}"
        described: Any = json.loads(self._get(path, name, token, "application/json"))
        types = described.get("content_types") if isinstance(described, dict) else None
        accept = str((types or {}).get("default") or "application/octet-stream")
        return self._get(f"{path}/payload", name, token, accept.partition(";")[0])

    def _get(self, path: str, name: str, token: str, accept: str) -> bytes:
        connection = self._connection()
        try:
            connection.request("GET", path, headers={"X-Auth-Token": token, "Accept": accept})
            with connection.getresponse() as answer:
                content = answer.read(LARGEST + 1)
        finally:
            connection.close()
        if answer.status in {400, 401, 403, 404}:
            raise CertificateNotFound(
                f"the key manager gives no certificate {name} ({answer.status})", certificate=name
            )
        if answer.status != http.client.OK or len(content) > LARGEST:
            raise KeyManagerUnavailable(
                "the key manager does not answer as it should", status=answer.status
            )
        return content

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        context = ssl.create_default_context(cafile=self._ca_file)
        return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=context)


def sources(config: SignaturesConfig) -> list[CertificateSource]:
    """Those that are configured, in the order in which they are asked."""
    found: list[CertificateSource] = []
    if config.certificate_folder is not None:
        found.append(Folder(config.certificate_folder))
    if config.barbican_url:
        found.append(
            Barbican(
                config.barbican_url,
                timeout=config.barbican_timeout,
                ca_file=config.barbican_ca_file,
            )
        )
    return found


def fetch(name: str, *, token: str, config: SignaturesConfig) -> bytes:
    """The certificate from the first source that has it. CertificateNotFound, KeyManagerUnavailable."""
    missing: CertificateNotFound | None = None
    for source in sources(config):
        try:
            return source.fetch(name, token=token)
        except CertificateNotFound as error:
            missing = error
    raise missing or CertificateNotFound(
        f"the image is signed, and this service knows no source of certificates to find {name} in",
        certificate=name,
    )
