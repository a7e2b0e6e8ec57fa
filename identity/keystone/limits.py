"""Unified limits: what Keystone lets a project have of the resources of one service.

Keystone is asked directly and not by `oslo.limit`: that keeps its configuration and its connection in globals of the
process, asks anew at every check, and counts usage by callbacks where the caller here counts it itself.
https://docs.openstack.org/api-ref/identity/v3/#unified-limits
"""

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.conf import section
from identity.errors import KeystoneUnavailable
from identity.keystone.conf import KeystoneConfig
from identity.keystone.connection import Refused, connection
from identity.keystone.memory import Memory

FLAT = "flat"
HOW = (
    "Its user needs the role reader on the system, and the service must be registered in Keystone."
)

_found: Memory[Mapping[str, int]] = Memory(lambda: section(KeystoneConfig).cache_size)
_services: Memory[str] = Memory(lambda: 64)


def limits_for(project_id: str, service_type: str) -> Mapping[str, int]:
    """Resource → limit (-1: none) of the project; what is not registered is missing.

    Registered limits count, and in their place what the project has of its own; those of `keystone.region` before those
    of no region. KeystoneUnavailable when Keystone does not answer, and when it may not be asked this.
    """
    key = f"{service_type} {project_id}"
    found = _found.get(key)
    if found is None:
        service_id = _service(service_type)
        registered = _registered(service_id)
        own = _ask(f"/limits?service_id={service_id}&project_id={project_id}", "limits")
        mine = (one for one in own if one["project_id"] == project_id)
        found = registered | _by_resource(mine, "resource_limit")
        _found.put(key, found, section(KeystoneConfig).limits_seconds)
    return found


def forget() -> None:
    """Ask Keystone anew."""
    _found.clear()
    _services.clear()


def _registered(service_id: str) -> dict[str, int]:
    key = f"registered {service_id}"
    found = _found.get(key)
    if found is None:
        rows = _ask(f"/registered_limits?service_id={service_id}", "registered_limits")
        found = _by_resource(rows, "default_limit")
        _found.put(key, found, section(KeystoneConfig).limits_seconds)
    return dict(found)


def _service(service_type: str) -> str:
    """Id of the service, once it is known that limits mean what is read from them here."""
    found = _services.get(service_type)
    if found is None:
        model = _ask("/limits/model", "model")["name"]
        if model != FLAT:
            raise _wrong(f"it enforces them as {model!r}, and only {FLAT!r} is understood here.")
        rows = _ask(f"/services?type={service_type}", "services")
        if not rows:
            raise _wrong(f"it knows no service of the type {service_type}.")
        found = str(rows[0]["id"])
        _services.put(service_type, found, section(KeystoneConfig).limits_seconds)
    return found


def _by_resource(rows: Iterable[Mapping[str, Any]], member: str) -> dict[str, int]:
    region = section(KeystoneConfig).region
    here = [one for one in rows if region is None or one["region_id"] in {None, region}]
    here.sort(key=lambda one: one["region_id"] is not None)
    return {one["resource_name"]: int(one[member]) for one in here}


def _ask(path: str, member: str) -> Any:
    try:
        return connection().as_system(path)[member]
    except Refused:
        raise _wrong(f"it does not let this service read them. {HOW}") from None


def _wrong(reason: str) -> KeystoneUnavailable:
    return KeystoneUnavailable(f"Keystone's limits cannot be used: {reason}")
