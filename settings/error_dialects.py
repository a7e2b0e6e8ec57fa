"""Which API family an address belongs to, and so how errors are told there when no view of it speaks."""

from collections.abc import Mapping

from catalog.api.error_responses import Dialect, ProblemDialect
from catalog.api.openstack_errors import OpenStackDialect
from identity.api.v3.base import KeystoneDialect

_DIALECTS: Mapping[str, Dialect] = {"image": OpenStackDialect(), "identity": KeystoneDialect()}


def dialect_at(path: str) -> Dialect:
    """What the service at the address says of errors; a problem document (RFC 9457) outside the services."""
    return _DIALECTS.get(path.removeprefix("/").partition("/")[0], ProblemDialect())
