"""The services that the code and the configuration name; what administrators say about them is in rows."""

import uuid
from dataclasses import dataclass

from catalog.conf import section
from catalog.registry import Registry
from identity.conf import IdentityConfig

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


BUILT_IN = (
    Service("identity", "/identity/v3"),
    Service("image", "/image"),
    Service("artifact", "/artifact"),
    Service("search", "/search"),
)
_registered: Registry[Service] = Registry("service")


def register(*services: Service) -> None:
    """Append services to the catalog; ValueError for a type that is registered with another address."""
    for service in services:
        _registered.register(service.type, service)


def configured() -> tuple[Service, ...]:
    """What `VITRINE_IDENTITY_EXTRA_SERVICES` adds."""
    pairs = (entry.partition("=") for entry in section(IdentityConfig).extra_services)
    return tuple(Service(kind, address.rstrip("/")) for kind, _, address in pairs)


def services() -> tuple[Service, ...]:
    """All services, the registered ones first."""
    return (*_registered.values(), *(s for s in configured() if s.type not in _registered))
