"""Which chains of certificates are trusted: made for each case, in every order of the file, verified by `cryptography`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from images.signatures import UntrustedCertificate, require_trust

NOW = datetime.now(UTC)
USES = (
    "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
    " key_cert_sign crl_sign encipher_only decipher_only"
).split()
KEYS: dict[str, Any] = {name: ec.generate_private_key(ec.SECP384R1()) for name in "abcdef"}


@dataclass(frozen=True)
class Party:
    """A name, and which of the keys it has."""

    name: str
    key: str


ROOT, BETWEEN, LOWER, OWNER = (
    Party(*one) for one in (("root", "a"), ("between", "b"), ("lower", "c"), ("owner", "d"))
)


def made(
    subject: Party,
    issuer: Party | None = None,
    *,
    ca: bool | None = None,
    path: int | None = None,
    uses: Sequence[str] | None = None,
    days: tuple[int, int] = (-1, 9),
    key: Any = None,
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> x509.Certificate:
    by = issuer or subject
    built = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(by))
        .public_key((key or KEYS[subject.key]).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )
    if ca is not None:
        built = built.add_extension(x509.BasicConstraints(ca, path), critical=True)
    if uses is not None:
        usage = x509.KeyUsage(**{use: use in uses for use in USES})
        built = built.add_extension(usage, critical=True)
    for extension, critical in more:
        built = built.add_extension(extension, critical=critical)
    return built.sign(KEYS[by.key], hashes.SHA256())


def _name(party: Party) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, party.name)])


def trusted(certificate: x509.Certificate, *others: x509.Certificate) -> bool:
    """Whether it is, whatever the order in which the others stand in the file."""
    found = set()
    for order in permutations(others):
        try:
            require_trust(certificate, list(order), moment=NOW)
        except UntrustedCertificate:
            found.add(False)
        else:
            found.add(True)
    [verdict] = found
    return verdict


PAST, FUTURE = (-9, -1), (1, 9)
root, owner = made(ROOT, ca=True), made(OWNER, ROOT)
between = made(BETWEEN, ROOT, ca=True)
deep = made(OWNER, BETWEEN)


def test_a_renewed_authority_of_the_same_key_counts_in_any_order() -> None:
    expired, early = made(ROOT, ca=True, days=PAST), made(ROOT, ca=True, days=FUTURE)
    assert trusted(owner, root, expired, early)
    assert not trusted(owner, expired, early)
    old_between = made(BETWEEN, ROOT, ca=True, days=PAST)
    assert trusted(deep, expired, old_between, root, between)
    assert not trusted(deep, root, old_between)
    rekeyed = made(Party("root", "e"), ca=True)
    assert trusted(owner, rekeyed, root)
    assert not trusted(owner, rekeyed), "the name alone says nothing"


def test_every_certificate_of_a_chain_is_valid_now() -> None:
    assert trusted(deep, root, between)
    assert not trusted(made(OWNER, ROOT, days=PAST), root)
    assert not trusted(made(OWNER, ROOT, days=FUTURE), root)
    assert not trusted(deep, made(ROOT, ca=True, days=PAST), between)


@pytest.mark.parametrize("ca", [False, None])
def test_only_authorities_issue(ca: bool | None) -> None:
    assert not trusted(owner, made(ROOT, ca=ca))
    assert not trusted(deep, root, made(BETWEEN, ROOT, ca=ca))


def test_what_keys_are_for() -> None:
    for use in USES:
        if use in {"encipher_only", "decipher_only"}:
            continue
        signs = use in {"digital_signature", "content_commitment"}
        assert trusted(made(OWNER, ROOT, uses=[use]), root) == signs, use
        issues = use == "key_cert_sign"
        assert trusted(owner, made(ROOT, ca=True, uses=[use])) == issues, use
        assert trusted(deep, root, made(BETWEEN, ROOT, ca=True, uses=[use])) == issues, use


@pytest.mark.parametrize(("path", "links"), [(0, 0), (1, 1), (2, 2), (None, 2)])
def test_the_length_of_a_path_is_bounded_by_who_stands_above(path: int | None, links: int) -> None:
    above, lower = made(ROOT, ca=True, path=path), made(LOWER, BETWEEN, ca=True)
    assert trusted(owner, above)
    assert trusted(deep, above, between) == (links >= 1)
    assert trusted(made(OWNER, LOWER), above, between, lower) == (links >= 2)
    short = made(BETWEEN, ROOT, ca=True, path=0)
    assert trusted(deep, root, short)
    assert not trusted(made(OWNER, LOWER), root, short, lower)


def test_chains_end_at_one_that_signed_itself() -> None:
    assert not trusted(deep, between), "who vouches for the one between is not there"
    assert not trusted(owner)
    assert trusted(owner, owner), "it is itself trusted"
    alone = made(OWNER)
    assert trusted(alone, alone, root)
    assert not trusted(made(LOWER, OWNER), alone), "which makes it no authority"
    assert not trusted(made(OWNER, days=PAST), made(OWNER, days=PAST))
    once = made(OWNER, days=PAST)
    assert not trusted(once, once)


def test_what_is_not_understood_is_refused_and_what_tls_asks_is_not() -> None:
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"x")
    assert not trusted(made(OWNER, ROOT, more=[(strange, True)]), root)
    assert trusted(made(OWNER, ROOT, more=[(strange, False)]), root)
    assert not trusted(owner, made(ROOT, ca=True, more=[(strange, True)]))
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    assert trusted(made(OWNER, ROOT, more=[(server, False)]), root)


def test_certificates_of_every_key_type_have_issuers() -> None:
    for key in (dsa.generate_private_key(2048), ec.generate_private_key(ec.SECP521R1())):
        assert trusted(made(OWNER, ROOT, key=key), root)
