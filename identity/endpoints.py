"""The service catalog: which services there are, and under which addresses clients reach them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from catalog.conf import section
from identity.conf import IdentityConfig

INTERFACES = ("public", "internal", "admin")
_NAMESPACE = uuid.UUID("5d0e36f4-9c0b-4e0e-8a35-3a6a3c8f6a0d")


@dataclass(frozen=True, slots=True)
class Service:
    """`address` is an absolute URL, or a path on this service that begins with a slash."""

    type: str
    address: str
    name: str = ""

    @property
    def id(self) -> str:
        """The same in every process and after every start."""
        return uuid.uuid5(_NAMESPACE, self.type).hex

    def endpoint_id(self, interface: str) -> str:
        return uuid.uuid5(_NAMESPACE, f"{self.type}/{interface}").hex

    def url(self, base: str) -> str:
        return f"{base}{self.address}" if self.address.startswith("/") else self.address


BUILT_IN = (
    Service("identity", "/identity/v3"),
    Service("image", "/image"),
    Service("artifact", "/artifact"),
    Service("search", "/search"),
)
_registered: dict[str, Service] = {}


def register(*services: Service) -> None:
    """Append services to the catalog; ValueError for a type that is registered with another address."""
    for service in services:
        if _registered.setdefault(service.type, service) != service:
            raise ValueError(f"service {service.type} is registered twice")


def configured() -> tuple[Service, ...]:
    """What `VITRINE_IDENTITY_EXTRA_SERVICES` adds."""
    pairs = (entry.partition("=") for entry in section(IdentityConfig).extra_services)
    return tuple(Service(kind, address.rstrip("/")) for kind, _, address in pairs)


def services() -> tuple[Service, ...]:
    """All services, the registered ones first."""
    return (*_registered.values(), *(s for s in configured() if s.type not in _registered))


def endpoints(base: str, known: Iterable[Service] | None = None) -> list[dict[str, Any]]:
    """Every endpoint as `/v3/endpoints` shows it; `base` is scheme, host and port without a final slash."""
    region = section(IdentityConfig).region
    return [
        {
            "id": service.endpoint_id(interface),
            "interface": interface,
            "region": region,
            "region_id": region,
            "service_id": service.id,
            "url": service.url(base),
            "enabled": True,
        }
        for service in (services() if known is None else known)
        for interface in INTERFACES
    ]


def catalog(base: str) -> list[dict[str, Any]]:
    """The catalog as tokens carry it."""
    shown = ("id", "interface", "region", "region_id", "url")
    return [
        {
            "id": service.id,
            "type": service.type,
            "name": service.name or service.type,
            "endpoints": [{k: e[k] for k in shown} for e in endpoints(base, (service,))],
        }
        for service in services()
    ]
