"""Verifying the signature that an image describes, with the certificate that it names."""

from dataclasses import replace

from cryptography import x509

from artifacts.models import Artifact
from artifacts.services.upload_conditions import Intake
from catalog.clock import now
from catalog.conf import section
from images import certificates
from images.certificates import SignaturesConfig
from images.signatures import Signature, read_certificate, require_trust
from stores import Ingested


def signature_of(image: Artifact) -> Signature | None:
    """None when the image describes none, or not in full. MalformedSignature."""
    return Signature.of(image.properties)


def verifying(intake: Intake, signature: Signature, *, token: str) -> Intake:
    """The same conditions, and that the bytes are the signed ones. It asks for the certificate now, and may block.

    CertificateNotFound, UntrustedCertificate, KeyManagerUnavailable; SignatureMismatch at the end.
    """
    config = section(SignaturesConfig)
    content = certificates.fetch(signature.certificate, token=token, config=config)
    certificate = read_certificate(content, signature.certificate)
    signature.require_key(certificate)
    if config.trusted_certificates is not None:
        trusted = x509.load_pem_x509_certificates(config.trusted_certificates.read_bytes())
        require_trust(certificate, trusted, moment=now())

    def judge(content: Ingested) -> None:
        signature.verify(bytes.fromhex(content.digests[signature.algorithm]), certificate)

    algorithms = tuple(dict.fromkeys((*intake.algorithms, signature.algorithm)))
    return replace(intake, algorithms=algorithms, judges=(*intake.judges, judge))
