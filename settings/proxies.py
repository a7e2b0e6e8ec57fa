"""Who the client is when a proxy stands before us: `X-Forwarded-*` counts only from trusted addresses."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from catalog.api.addresses import PROXIED
from catalog.conf import ConfigurationError

FORWARDED = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-server",
        b"x-real-ip",
    }
)


class TrustedProxies:
    """Addresses and networks (`10.0.0.0/8`) whose word about the client is taken."""

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network]) -> None:
        self._networks = tuple(networks)
        self._trusts = lru_cache(maxsize=1024)(self._look_up)

    @classmethod
    def parse(cls, values: Iterable[str]) -> "TrustedProxies":
        """ConfigurationError names the first value that is no address."""
        networks = []
        for value in values:
            try:
                networks.append(ip_network(value, strict=False))
            except ValueError:
                raise ConfigurationError(
                    [f"VITRINE_TRUSTED_PROXIES: {value!r} is neither an address nor a network"]
                ) from None
        return cls(networks)

    def read(self, scope: Scope) -> Scope:
        """The scope as the first trusted proxy saw it; forwarding headers are taken out in any case."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if not any(name in FORWARDED for name, _ in headers):
            return scope
        kept = [header for header in headers if header[0] not in FORWARDED]
        client = scope.get("client")
        if not client or not self._trusts(client[0]):
            return {**scope, "headers": kept}
        told: dict[bytes, str] = {}
        for name, value in headers:
            if name in FORWARDED:
                text = value.decode("latin-1")
                told[name] = f"{told[name]},{text}" if name in told else text
        return {**scope, **self._told(told, scope, kept)}

    def _told(
        self, told: dict[bytes, str], scope: Scope, headers: list[tuple[bytes, bytes]]
    ) -> dict[str, object]:
        found: dict[str, object] = {"headers": headers, PROXIED: True}
        if client := self._client(told.get(b"x-forwarded-for", "")):
            found["client"] = (client, 0)
        scheme = _last(told.get(b"x-forwarded-proto", "")).lower()
        if scheme in {"http", "https"}:
            found["scheme"] = scheme
        if host := _last(told.get(b"x-forwarded-host", "")):
            port = _last(told.get(b"x-forwarded-port", ""))
            bare = ":" not in host.rpartition("]")[2]
            if (
                port.isdigit()
                and bare
                and port
                != {"http": "80", "https": "443"}.get(str(found.get("scheme", scope["scheme"])))
            ):
                host = f"{host}:{port}"
            found["headers"] = [
                *(header for header in headers if header[0] != b"host"),
                (b"host", host.encode("latin-1")),
            ]
        return found

    def _client(self, chain: str) -> str:
        """The nearest address that is no trusted proxy; empty when the chain holds none to believe."""
        found = ""
        for part in reversed([p.strip() for p in chain.split(",") if p.strip()]):
            try:
                ip_address(part)
            except ValueError:
                break
            found = part
            if not self._trusts(part):
                break
        return found

    def _look_up(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def _last(values: str) -> str:
    """What the proxy next to us said, when several spoke."""
    return values.rpartition(",")[2].strip()
