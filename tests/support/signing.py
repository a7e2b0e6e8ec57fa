"""Keys, certificates and signatures for tests, made as an owner of images would make them."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.x509.oid import NameOID

HASHES: dict[str, Any] = {
    "SHA-224": hashes.SHA224(),
    "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(),
    "SHA-512": hashes.SHA512(),
}


@cache
def key(kind: str) -> Any:
    """One private key of each kind; making them is slow."""
    if kind == "RSA-PSS":
        return rsa.generate_private_key(65537, 2048)
    if kind == "DSA":
        return dsa.generate_private_key(2048)
    return ec.generate_private_key(ec.SECP521R1() if "521" in kind else ec.SECP384R1())


@dataclass(frozen=True)
class Authority:
    """A certificate that may issue others."""

    certificate: x509.Certificate
    key: Any


def certificate(
    kind: str = "RSA-PSS",
    *,
    name: str = "owner",
    issuer: Authority | None = None,
    authority: bool = False,
    days: int = 10,
) -> x509.Certificate:
    """A certificate of the key of this kind; negative days: it has expired."""
    private = key(kind)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    moment = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=30))
        .not_valid_after(moment + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return built.sign(issuer.key if issuer else private, hashes.SHA256())


def authority(
    name: str = "authority", issuer: Authority | None = None, kind: str = "ECC_SECP384R1"
) -> Authority:
    return Authority(certificate(kind, name=name, issuer=issuer, authority=True), key(kind))


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def sign(content: bytes, kind: str, method: str, *, salt: Any = padding.PSS.MAX_LENGTH) -> str:
    """The signature as it goes into `img_signature`."""
    private, hashed = key(kind), HASHES[method]
    if kind == "RSA-PSS":
        value = private.sign(content, padding.PSS(padding.MGF1(hashed), salt), hashed)
    elif kind == "DSA":
        value = private.sign(content, hashed)
    else:
        value = private.sign(content, ec.ECDSA(hashed))
    return b64encode(value).decode()


def properties(content: bytes, kind: str, method: str, uuid: str) -> dict[str, str]:
    """The four properties of a signed image."""
    return {
        "img_signature": sign(content, kind, method),
        "img_signature_hash_method": method,
        "img_signature_key_type": kind,
        "img_signature_certificate_uuid": uuid,
    }
