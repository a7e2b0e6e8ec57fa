"""Which addresses this process may fetch from: guards against requests forged by way of a server.

`vet` parses an address, resolves its name once and judges every address it resolves to; who fetches
connects to those addresses and asks no resolver again, so that a name cannot change its meaning
between the check and the use. Redirects are addresses like any other: vet each hop.
"""

import ipaddress
import re
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from stores.errors import AddressRefused, StoreMisconfigured, StoreUnavailable

PORTS = {"http": 80, "https": 443}
"""The ports that schemes mean."""
_PRINTABLE = re.compile(r"[\x21-\x5b\x5d-\x7e]+", re.ASCII)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SPECIAL = tuple(
    ipaddress.ip_network(one) for one in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")
)
"""Reached by no public name, though this Python may call them global: protocol assignments (a cloud keeps its metadata
there), relays of 6to4, and the address at which another cloud answers its machines."""
_LONGEST_NAME = 253

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRules:
    """What is allowed. At each level an allow list that is not empty wins, and the deny list is not read.

    An address without a port is not judged by ports. `private_networks` (as ``10.0.0.0/8``) are those
    of loopback, link-local, private and other special addresses that may be reached all the same.
    """

    allowed_schemes: Collection[str] = ("http", "https")
    disallowed_schemes: Collection[str] = ()
    allowed_hosts: Collection[str] = ()
    disallowed_hosts: Collection[str] = ()
    allowed_ports: Collection[int] = (80, 443)
    disallowed_ports: Collection[int] = ()
    private_networks: Collection[str] = ()
    _networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = field(
        init=False, repr=False, default=()
    )

    def __post_init__(self) -> None:
        """Read the networks, or raise StoreMisconfigured."""
        try:
            found = tuple(ipaddress.ip_network(one) for one in self.private_networks)
        except (ValueError, TypeError) as error:
            raise StoreMisconfigured(f"private_networks: {error}") from None
        object.__setattr__(self, "_networks", found)

    def reaches(self, address: str) -> bool:
        """Say whether connecting to this IP address is allowed."""
        ip = _meant(ipaddress.ip_address(address))
        if any(ip.version == one.version and ip in one for one in self._networks):
            return True
        if any(ip.version == one.version and ip in one for one in _SPECIAL):
            return False
        site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
        return ip.is_global and not (ip.is_multicast or ip.is_reserved or site_local)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address that may be fetched: connect to one of `ips`, ask `host` for `path` (with its query)."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    ips: tuple[str, ...]


def vet(url: str, rules: AddressRules) -> Target:
    """Judge and resolve. AddressRefused says why not; StoreUnavailable when the name cannot be resolved."""
    parts = _parse(url)
    host, literal = _host(url, parts.hostname or "")
    port = _port(url, parts)
    if not _passes(parts.scheme, rules.allowed_schemes, rules.disallowed_schemes):
        raise _refused(url, f"the scheme {parts.scheme or 'nothing'!r} is not allowed")
    if parts.scheme not in PORTS:
        raise _refused(url, f"the scheme {parts.scheme!r} is unknown")
    if not _passes(host, _lower(rules.allowed_hosts), _lower(rules.disallowed_hosts)):
        raise _refused(url, "the host is not allowed")
    if port is not None and not _passes(port, rules.allowed_ports, rules.disallowed_ports):
        raise _refused(url, f"the port {port} is not allowed")
    port = port or PORTS[parts.scheme]
    ips = (host,) if literal else _resolved(url, host, port)
    if not all(rules.reaches(one) for one in ips):
        raise _refused(url, "the host is not a public one")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(url=url, scheme=parts.scheme, host=host, port=port, path=path, ips=ips)


def without_query(url: str) -> str:
    """Return the address without what may hold secrets, for logs and messages."""
    return url.partition("?")[0].partition("#")[0]


def _parse(url: str) -> SplitResult:
    if not _PRINTABLE.fullmatch(url):
        raise _refused(url, "an address is made of visible ASCII characters, without backslashes")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _refused(url, "it cannot be read") from None
    if "@" in parts.netloc:
        raise _refused(url, "names and passwords do not belong into an address")
    return parts


def _host(url: str, host: str) -> tuple[str, bool]:
    """Return the host in its one spelling, and whether it is an IP address."""
    name = host.removesuffix(".")
    try:
        if "%" in name:
            raise _refused(url, "the host has characters that no name has")
        return str(ipaddress.ip_address(name)), True
    except ValueError:
        pass
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        raise _refused(url, "an IP address is written as four decimal numbers")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(one) for one in labels):
        raise _refused(url, "the host is no name")
    return name, False


def _port(url: str, parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        raise _refused(url, "the port is no number up to 65535") from None
    if port == 0:
        raise _refused(url, "there is no port 0")
    return port


def _resolved(url: str, host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise StoreUnavailable("the host cannot be resolved", key=without_query(url)) from None
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


def _meant(ip: _Ip) -> _Ip:
    """Return the IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    tunnel = ip.teredo[1] if ip.teredo else None
    return ip.ipv4_mapped or ip.sixtofour or tunnel or ip


def _passes(value: object, allowed: Collection[object], denied: Collection[object]) -> bool:
    return value in allowed if allowed else value not in denied


def _lower(hosts: Iterable[str]) -> tuple[str, ...]:
    return tuple(one.lower() for one in hosts)


def _refused(url: str, reason: str) -> AddressRefused:
    return AddressRefused(
        f"the address is refused: {reason}", key=without_query(url)[:255], reason=reason
    )
