"""Signatures of image data, as Glance's clients describe them in four properties.

::

    img_signature                    base64
    img_signature_hash_method        SHA-224 | SHA-256 | SHA-384 | SHA-512
    img_signature_key_type           RSA-PSS | DSA | ECC_SECP384R1 | ECC_SECP521R1
    img_signature_certificate_uuid   where the X.509 certificate lies

RSA-PSS uses MGF1 with the same hash; any salt length is taken. The binary curves of the original list (ECC_SECT…) are
in no current cryptographic library, and are refused. With only some of the four properties nothing is verified.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from catalog.errors import Invalid

SIGNATURE, HASH, KEY, CERTIFICATE = (
    "img_signature",
    "img_signature_hash_method",
    "img_signature_key_type",
    "img_signature_certificate_uuid",
)
HASHES: Mapping[str, tuple[str, hashes.HashAlgorithm]] = {
    "SHA-224": ("sha224", hashes.SHA224()),
    "SHA-256": ("sha256", hashes.SHA256()),
    "SHA-384": ("sha384", hashes.SHA384()),
    "SHA-512": ("sha512", hashes.SHA512()),
}
CURVES: Mapping[str, type[ec.EllipticCurve]] = {
    "ECC_SECP384R1": ec.SECP384R1,
    "ECC_SECP521R1": ec.SECP521R1,
}
KEYS = ("RSA-PSS", "DSA", *CURVES)
DEPTH = 8
"""Most certificates between the one that signs and the one that is trusted."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class MalformedSignature(Invalid):
    """The signature's properties cannot be read, or name what is not supported."""

    code = "malformed_signature"


class SignatureMismatch(Invalid):
    """The data is not what was signed, or not by the holder of this certificate."""

    code = "signature_mismatch"


class UntrustedCertificate(Invalid):
    """The certificate cannot be used: unreadable, of another key type, or issued by nobody that is trusted here."""

    code = "untrusted_certificate"


@dataclass(frozen=True, slots=True)
class Signature:
    """What an image says of its signature."""

    value: bytes
    hash_method: str
    key_type: str
    certificate: str

    @classmethod
    def of(cls, properties: Mapping[str, str]) -> Self | None:
        """The signature, or None when it is not described in full. MalformedSignature."""
        found = [properties.get(name) for name in (SIGNATURE, HASH, KEY, CERTIFICATE)]
        value, hash_method, key_type, certificate = found
        if not (value and hash_method and key_type and certificate):
            return None
        if hash_method not in HASHES:
            raise _unsupported(HASH, hash_method, HASHES)
        if key_type not in KEYS:
            raise _unsupported(KEY, key_type, KEYS)
        if not _UUID.fullmatch(certificate.lower()):
            raise MalformedSignature(f"{CERTIFICATE} must be a UUID", property=CERTIFICATE)
        try:
            decoded = b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise MalformedSignature(f"{SIGNATURE} must be base64", property=SIGNATURE) from None
        return cls(decoded, hash_method, key_type, certificate.lower())

    @property
    def algorithm(self) -> str:
        """The hash that is signed, by hashlib's name."""
        return HASHES[self.hash_method][0]

    def verify(self, digest: bytes, certificate: x509.Certificate) -> None:
        """Nothing when the holder of the certificate signed the data of this digest. SignatureMismatch."""
        key, hashed = certificate.public_key(), HASHES[self.hash_method][1]
        ahead = Prehashed(hashed)
        try:
            if isinstance(key, rsa.RSAPublicKey):
                pss = padding.PSS(padding.MGF1(hashed), padding.PSS.AUTO)
                key.verify(self.value, digest, pss, ahead)
            elif isinstance(key, dsa.DSAPublicKey):
                key.verify(self.value, digest, ahead)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(self.value, digest, ec.ECDSA(ahead))
            else:
                raise InvalidSignature
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            raise SignatureMismatch(
                "the signature does not belong to this data and certificate",
                certificate=self.certificate,
            ) from None

    def require_key(self, certificate: x509.Certificate) -> None:
        """Nothing when the certificate's key is of the type that the image says. UntrustedCertificate."""
        try:
            key = certificate.public_key()
        except (UnsupportedAlgorithm, ValueError):
            key = None
        if self.key_type == "RSA-PSS":
            fits = isinstance(key, rsa.RSAPublicKey)
        elif self.key_type == "DSA":
            fits = isinstance(key, dsa.DSAPublicKey)
        else:
            curve = CURVES[self.key_type]
            fits = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, curve)
        if not fits:
            raise UntrustedCertificate(
                f"the key of certificate {self.certificate} is not of type {self.key_type}",
                certificate=self.certificate,
            )


def read_certificate(content: bytes, name: str) -> x509.Certificate:
    """A certificate from PEM or DER; UntrustedCertificate."""
    try:
        if b"-----BEGIN" in content:
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except ValueError:
        raise UntrustedCertificate(
            f"certificate {name} cannot be read as X.509", certificate=name
        ) from None


def require_trust(
    certificate: x509.Certificate, trusted: list[x509.Certificate], *, moment: datetime
) -> None:
    """Nothing when a chain of valid certificates leads to one of the trusted. UntrustedCertificate.

    Chains end at a trusted certificate that signed itself; the others of the list are possible links. A certificate
    that is itself trusted needs no issuer. Each link must be an authority (basicConstraints) within the length of path
    that those above it allow; where a certificate says what its key is for, that must be signing certificates (links)
    or data (the last one). What a chain of TLS needs beyond that, names and extended key usages, is not asked.
    """
    anchors = [one for one in trusted if one.subject == one.issuer or one == certificate]
    if not anchors:
        raise _untrusted(
            certificate, "the file of trusted certificates has none that signed itself"
        )
    verifier = (
        PolicyBuilder()
        .store(Store(anchors))
        .time(moment)
        .max_chain_depth(DEPTH)
        .extension_policies(ca_policy=_LINKS, ee_policy=_LAST)
        .build_client_verifier()
    )
    try:
        verifier.verify(certificate, [one for one in trusted if one not in anchors])
    except (VerificationError, ValueError) as error:
        why = str(error).partition(" (encountered")[0].removeprefix("validation failed: ")
        raise _untrusted(certificate, why[:200]) from None


def _signs_certificates(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("its key is not for signing certificates")


def _signs_data(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise ValueError("its key is not for signing data")


_LINKS = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
)
_LAST = ExtensionPolicy.permit_all().may_be_present(
    x509.KeyUsage, Criticality.AGNOSTIC, _signs_data
)


def _untrusted(certificate: x509.Certificate, why: str) -> UntrustedCertificate:
    name = certificate.subject.rfc4514_string()[:200]
    return UntrustedCertificate(f"the certificate of {name!r} is not trusted: {why}", subject=name)


def _unsupported(name: str, value: str, known: object) -> MalformedSignature:
    listed = ", ".join(known) if isinstance(known, Mapping | tuple) else ""
    return MalformedSignature(
        f"{name} {value[:40]!r} is not supported; these are: {listed}", property=name
    )
