"""The service catalog as it is now: what is configured, unless rows say otherwise, and what rows add."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from catalog.conf import section
from identity import endpoints
from identity.conf import IdentityConfig
from identity.models import INTERFACES, Endpoint, Region, Service

R = TypeVar("R", Region, Service, Endpoint)
PLACEHOLDER = re.compile(r"[$%]\((\w*)\)s")
FILLED = frozenset({"project_id", "tenant_id", "user_id"})


def regions() -> dict[str, Region]:
    """Every region by its id; those that are configured and that no row speaks of are not saved."""
    return _overlaid(configured_regions(), Region.objects.order_by("pk"))


def services() -> dict[str, Service]:
    return _overlaid(configured_services(), Service.objects.order_by("type", "name", "pk"))


def endpoints_of(known: Mapping[str, Service]) -> dict[str, Endpoint]:
    """Every endpoint of the services that are known."""
    rows = Endpoint.objects.order_by("service__type", "interface", "pk")
    found = _overlaid(configured_endpoints(), rows)
    return {key: one for key, one in found.items() if one.service_id in known}


def catalog(
    base: str, *, project_id: str | None = None, user_id: str | None = None
) -> list[dict[str, Any]]:
    """The catalog as tokens carry it: what is enabled, with addresses for this project and user.

    `base` is scheme, host and port without a final slash. An endpoint whose address needs a project is left out
    without one.
    """
    known = services()
    shown: dict[str, list[dict[str, Any]]] = {key: [] for key, one in known.items() if one.enabled}
    ids = {"project_id": project_id, "tenant_id": project_id, "user_id": user_id}
    for key, one in endpoints_of(known).items():
        url = _filled(url_of(one, base), ids)
        if one.enabled and one.service_id in shown and url is not None:
            region = one.region_id
            shown[one.service_id].append(
                {
                    "id": key,
                    "interface": one.interface,
                    "region": region,
                    "region_id": region,
                    "url": url,
                }
            )
    return [
        {"id": key, "type": known[key].type, "name": known[key].name, "endpoints": addresses}
        for key, addresses in shown.items()
    ]


def url_of(endpoint: Endpoint, base: str) -> str:
    """The address; a path is one on this service."""
    return f"{base}{endpoint.url}" if endpoint.url.startswith("/") else endpoint.url


def configured_regions() -> list[Region]:
    return [Region(pk=section(IdentityConfig).region)]


def configured_services() -> list[Service]:
    return [
        Service(pk=one.id, type=one.type, name=one.name or one.type) for one in endpoints.services()
    ]


def configured_endpoints() -> list[Endpoint]:
    region = section(IdentityConfig).region
    return [
        Endpoint(
            pk=one.endpoint_id(interface),
            service_id=one.id,
            region_id=region,
            interface=interface,
            url=one.address,
        )
        for one in endpoints.services()
        for interface in INTERFACES
    ]


def _overlaid(configured: Iterable[R], rows: Iterable[R]) -> dict[str, R]:
    found = {one.pk: one for one in configured}
    for row in rows:
        found[row.pk] = row
    return {key: one for key, one in found.items() if not one.removed}


def _filled(url: str, ids: Mapping[str, str | None]) -> str | None:
    """The address with its ids; None when one of them is missing."""
    names = PLACEHOLDER.findall(url)
    if any(ids.get(name) is None for name in names):
        return None
    return PLACEHOLDER.sub(lambda found: str(ids[found[1]]), url)
