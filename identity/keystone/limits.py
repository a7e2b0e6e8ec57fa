"""Unified limits: what Keystone lets a project have of the resources of one service.

Keystone is asked directly and not by `oslo.limit`: that keeps its configuration and its connection in globals of the
process, asks anew at every check, and counts usage by callbacks where the caller here counts it itself.
https://docs.openstack.org/api-ref/identity/v3/#unified-limits
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from catalog.conf import section
from identity.errors import KeystoneUnavailable
from identity.keystone.answers import Part
from identity.keystone.cache import Memory
from identity.keystone.conf import KeystoneConfig
from identity.keystone.connection import Refused, connection, unavailable

FLAT = "flat"
T = TypeVar("T")
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
        found = registered | _ask(
            f"/limits?service_id={service_id}&project_id={project_id}",
            lambda answer: _by_resource(
                (
                    one
                    for one in answer.member("limits").items()
                    if one.member("project_id").value == project_id
                ),
                "resource_limit",
            ),
        )
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
        found = _ask(
            f"/registered_limits?service_id={service_id}",
            lambda answer: _by_resource(
                answer.member("registered_limits").items(), "default_limit"
            ),
        )
        _found.put(key, found, section(KeystoneConfig).limits_seconds)
    return dict(found)


def _service(service_type: str) -> str:
    """Id of the service, once it is known that limits mean what is read from them here."""
    found = _services.get(service_type)
    if found is None:
        model = _ask("/limits/model", lambda answer: answer.member("model").member("name").text())
        if model != FLAT:
            raise _wrong(f"it enforces them as {model!r}, and only {FLAT!r} is understood here.")
        ids = _ask(
            f"/services?type={service_type}",
            lambda answer: [
                one.member("id").identifier() for one in answer.member("services").items()
            ],
        )
        if not ids:
            raise _wrong(f"it knows no service of the type {service_type}.")
        found = ids[0]
        _services.put(service_type, found, section(KeystoneConfig).limits_seconds)
    return found


def _by_resource(rows: Iterable[Part], member: str) -> dict[str, int]:
    region = section(KeystoneConfig).region
    read = [
        (
            one.member("region_id").nullable(Part.text),
            one.member("resource_name").text(),
            one.member(member),
        )
        for one in rows
    ]
    here = [one for one in read if region is None or one[0] in {None, region}]
    here.sort(key=lambda one: one[0] is not None)
    return {name: limit.number() for _, name, limit in here}


def _ask(path: str, read: Callable[[Part], T]) -> T:
    try:
        return connection().as_system(path, read)
    except Refused:
        raise _wrong(f"it does not let this service read them. {HOW}") from None


def _wrong(reason: str) -> KeystoneUnavailable:
    return unavailable(reason, f"Keystone's limits cannot be used: {reason}")
