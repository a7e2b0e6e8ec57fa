"""Services and their endpoints, as administrators make, change and remove them.

What is configured has no row until somebody changes it; removing it leaves a row that says so.
"""

import re
from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from catalog.actors import Actor
from catalog.errors import Invalid
from catalog.events.recording import Change, record
from identity import service_catalog
from identity.errors import EndpointNotFound, ServiceNotFound
from identity.models import INTERFACES, Endpoint, Region, Service
from identity.policies import require
from identity.services.changing import apply, changing, created, locked, pointing, without_nulls
from identity.services.regions import region_named

ABSOLUTE = re.compile(r"^[a-zA-Z0-9+.-]+:.+", re.DOTALL)
LONGEST_URL = 2048


class ServiceChanges(TypedDict, total=False):
    type: str
    name: str
    description: str
    enabled: bool
    extra: Mapping[str, Any]


class EndpointChanges(TypedDict, total=False):
    service_id: str
    region_id: str | None
    region: str
    interface: str
    url: str
    enabled: bool
    extra: Mapping[str, Any]


def create_service(*, actor: Actor, **values: Unpack[ServiceChanges]) -> Service:
    """A new service; several may have one type."""
    require(actor, "create_service")
    with changing():
        row = Service(**values)
        row.extra = without_nulls(row.extra)
        row.save(force_insert=True)
        names = ("type", "name", "description", "enabled", "extra")
        _record("created", row, actor, created(row, *names))
    return row


def update_service(service_id: str, *, actor: Actor, **values: Unpack[ServiceChanges]) -> Service:
    """Change a service; disabled, it is in no catalog."""
    require(actor, "update_service")
    with changing():
        row = _service(service_id)
        if changes := apply(row, values):
            _record("updated", row, actor, changes)
    return row


def delete_service(service_id: str, *, actor: Actor) -> None:
    """Remove a service with its endpoints."""
    require(actor, "delete_service")
    with changing():
        row = _service(service_id)
        row.endpoints.all().delete()
        _remove(row, configured={one.pk for one in service_catalog.configured_services()})
        _record("deleted", row, actor, {"type": Change(old=row.type)})


def create_endpoint(*, actor: Actor, **values: Unpack[EndpointChanges]) -> Endpoint:
    """A new endpoint of a service that is there, in `region_id`, or in `region`, which is made if it is missing.

    Invalid for an address that is none.
    """
    require(actor, "create_endpoint")
    _check(values)
    with changing():
        _point(values, actor)
        row = Endpoint(**values)
        row.extra = without_nulls(row.extra)
        row.save(force_insert=True)
        names = ("service_id", "region_id", "interface", "url", "enabled", "extra")
        _record("created", row, actor, created(row, *names))
    return row


def update_endpoint(
    endpoint_id: str, *, actor: Actor, **values: Unpack[EndpointChanges]
) -> Endpoint:
    """Change an endpoint; catalogs tell the change at once."""
    require(actor, "update_endpoint")
    _check(values)
    with changing():
        row = _endpoint(endpoint_id, actor)
        _point(values, actor)
        if changes := apply(row, values):
            _record("updated", row, actor, changes)
    return row


def delete_endpoint(endpoint_id: str, *, actor: Actor) -> None:
    """Remove an endpoint."""
    require(actor, "delete_endpoint")
    with changing():
        row = _endpoint(endpoint_id, actor)
        _remove(row, configured={one.pk for one in service_catalog.configured_endpoints()})
        _record("deleted", row, actor, {"url": Change(old=row.url)})


def restore(row: Service | Endpoint | Region, *, actor: Actor) -> None:
    """Let the configuration speak again: forget what was said about something configured."""
    require(actor, f"update_{_noun(row)}")
    with changing():
        kept, key = type(row).objects.filter(pk=row.pk), row.pk
        kept.delete()
        row.pk = key
        _record("restored", row, actor, {})


def _service(service_id: str) -> Service:
    """The row, made now when there is none yet, and held until the transaction ends."""
    row = service_catalog.services().get(service_id)
    if row is None:
        raise ServiceNotFound(f"Could not find service: {service_id}.", id=service_id)
    if row._state.adding:  # noqa: SLF001 - Django's documented interface
        row.save(force_insert=True)
        return row
    held = locked(Service.objects.filter(pk=service_id, removed=False)).first()
    if held is None:
        raise ServiceNotFound(f"Could not find service: {service_id}.", id=service_id)
    return held


def _endpoint(endpoint_id: str, actor: Actor) -> Endpoint:
    row = service_catalog.endpoints_of(service_catalog.services()).get(endpoint_id)
    if row is None:
        raise EndpointNotFound(f"Could not find endpoint: {endpoint_id}.", id=endpoint_id)
    if row._state.adding:  # noqa: SLF001 - Django's documented interface
        _point({"service_id": row.service_id, "region": str(row.region_id)}, actor)
        row.save(force_insert=True)
        return row
    held = locked(Endpoint.objects.filter(pk=endpoint_id, removed=False)).first()
    if held is None:
        raise EndpointNotFound(f"Could not find endpoint: {endpoint_id}.", id=endpoint_id)
    return held


def _point(values: EndpointChanges, actor: Actor) -> None:
    """See to it that there are rows to point at."""
    if "service_id" in values:
        with pointing("endpoint.service_id"):
            _service(values["service_id"])
    made = values.pop("region", None)
    if (region_id := values.get("region_id")) is not None:
        with pointing("endpoint.region_id"):
            region_named(region_id, actor=actor)
    elif made is not None:
        region_named(made, actor=actor, make=True)
        values["region_id"] = made


def _remove(row: Service | Endpoint, *, configured: set[str]) -> None:
    key = row.pk
    if key in configured:
        row.removed = True
        row.save(update_fields=["removed"])
    else:
        row.delete()
        row.pk = key


def _check(values: EndpointChanges) -> None:
    if "interface" in values and values["interface"] not in INTERFACES:
        raise Invalid(
            f"endpoint.interface must be one of {', '.join(INTERFACES)}.", attribute="interface"
        )
    url = values.get("url")
    if url is None:
        return
    if len(url) > LONGEST_URL or not (url.startswith("/") or ABSOLUTE.match(url)):
        raise Invalid(
            "endpoint.url must be an address such as https://compute.example.org/v2.1, or a path on"
            " this service that begins with a slash.",
            attribute="url",
        )
    for name in service_catalog.PLACEHOLDER.findall(url):
        if name not in service_catalog.FILLED:
            raise Invalid(
                f"endpoint.url may hold {', '.join(sorted(service_catalog.FILLED))} in $(…)s, and nothing else.",
                attribute="url",
            )


def _noun(row: Service | Endpoint | Region) -> str:
    match row:
        case Service():
            return "service"
        case Endpoint():
            return "endpoint"
    return "region"


def _record(
    verb: str, row: Service | Endpoint | Region, actor: Actor, changes: Mapping[str, Change]
) -> None:
    noun = _noun(row)
    record(f"{noun}.{verb}", object_type=noun, object_id=row.pk, actor=actor, changes=changes)
