"""Digests that a client announces with its bytes.

``Content-Digest`` and ``Repr-Digest`` (RFC 9530: ``sha-256=:<base64>:``; sha-512, sha-256, md5), ``Content-MD5``
(base64 as in RFC 1864, or the hexadecimal that OpenStack writes), and for people ``X-Checksum-Md5``, ``-Sha256`` and
``-Sha512`` in hexadecimal. Bodies travel without content encoding here, so the two standard headers say the same.
"""

import binascii
import hashlib
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping

from catalog.errors import InvalidParameter

STANDARD = {"sha-512": "sha512", "sha-256": "sha256", "md5": "md5"}
HEXADECIMAL = {f"x-checksum-{name}": name for name in ("md5", "sha256", "sha512")}
LONGEST = 2000
_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):\s*(?:;[^,]*)?", re.ASCII)


class MalformedDigest(InvalidParameter):
    """A digest that cannot be read, is of no hash known here, or contradicts another one."""

    code = "malformed_digest"


def announced_digests(headers: Mapping[str, str], *, whole: bool = False) -> dict[str, str]:
    """The digests in lower-case hexadecimal, by hashlib's names; MalformedDigest. Empty when none is announced.

    With `whole` only those that speak of the whole blob, of which the request carries a part or nothing.
    """
    if whole:
        headers = {k: v for k, v in headers.items() if k not in {"content-digest", "content-md5"}}
    found: dict[str, str] = {}
    for header, algorithm, digest in _announced(headers):
        if found.setdefault(algorithm, digest) != digest:
            raise MalformedDigest(
                f"{header} gives another {algorithm} than the header before it", header=header
            )
    return found


def digest_of(algorithm: str, text: str, header: str) -> str:
    """A hexadecimal digest, checked for its length; MalformedDigest."""
    size = hashlib.new(algorithm, usedforsecurity=False).digest_size
    if not re.fullmatch(rf"[0-9a-fA-F]{{{size * 2}}}", text.strip(), re.ASCII):
        raise MalformedDigest(
            f"{header} must be a {algorithm} of {size * 2} hexadecimal digits", header=header
        )
    return text.strip().lower()


def decoded(algorithm: str, text: str, header: str) -> str:
    """A base64 digest in hexadecimal, checked for its length; MalformedDigest."""
    size = hashlib.new(algorithm, usedforsecurity=False).digest_size
    try:
        value = b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != size:
        raise MalformedDigest(
            f"{header} must be a {algorithm} of {size} bytes in base64", header=header
        )
    return value.hex()


def _announced(headers: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for header in ("content-digest", "repr-digest"):
        if (text := headers.get(header)) is not None:
            yield from ((header, *one) for one in _dictionary(text, header))
    if (text := headers.get("content-md5")) is not None:
        hexadecimal = len(text.strip()) == 32
        read = digest_of if hexadecimal else decoded
        yield "content-md5", "md5", read("md5", text, "content-md5")
    for header, algorithm in HEXADECIMAL.items():
        if (text := headers.get(header)) is not None:
            yield header, algorithm, digest_of(algorithm, text, header)


def _dictionary(text: str, header: str) -> Iterator[tuple[str, str]]:
    """The members of a structured dictionary that can be checked here; one at least, for silence would be a promise."""
    members = [_MEMBER.fullmatch(part) for part in text[: LONGEST + 1].split(",")]
    if len(text) > LONGEST or not all(members):
        raise MalformedDigest(f"{header} must look like sha-256=:<base64>:", header=header)
    known = [m for m in members if m is not None and m[1] in STANDARD]
    if not known:
        raise MalformedDigest(
            f"{header} has no digest that is checked here; these are: {', '.join(STANDARD)}",
            header=header,
        )
    for member in known:
        algorithm = STANDARD[member[1]]
        yield algorithm, decoded(algorithm, member[2], header)
