"""Regions: where endpoints are. They may lie in one another."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from catalog.actors import Actor
from catalog.errors import Invalid
from catalog.events.recording import Change, record
from catalog.names import require_addressable
from identity import service_catalog
from identity.errors import NameTaken, RegionNotFound, StillInUse
from identity.models import Endpoint, Region, new_id
from identity.policies import require
from identity.services.changing import apply, changing, created, locked, without_nulls


class RegionChanges(TypedDict, total=False):
    description: str
    parent_id: str | None
    extra: Mapping[str, Any]


def create_region(
    region_id: str | None = None, *, actor: Actor, **values: Unpack[RegionChanges]
) -> Region:
    """A new region under the id that is given, else under one that is made.

    InvalidName; NameTaken when the id is in use.
    """
    require(actor, "create_region")
    key = region_id or new_id()
    require_addressable(key, "region", slashes=False)
    taken = NameTaken(f"There is a region {key} already.", id=key)
    with changing(taken):
        if key in service_catalog.regions():
            raise taken
        Region.objects.filter(pk=key, removed=True).delete()
        parent_id = values.get("parent_id")
        if parent_id is not None:
            region_named(parent_id, actor=actor)
        row = Region(pk=key, **values)
        row.extra = without_nulls(row.extra)
        row.save(force_insert=True)
        _record("created", key, actor, created(row, "description", "parent_id", "extra"))
    return row


def update_region(region_id: str, *, actor: Actor, **values: Unpack[RegionChanges]) -> Region:
    """Describe a region or move it; Invalid when it would lie in itself."""
    require(actor, "update_region")
    with changing():
        if "parent_id" in values:
            list(locked(Region.objects.order_by("pk")))  # two moves could make a circle
        row = region_named(region_id, actor=actor)
        if (parent_id := values.get("parent_id")) is not None:
            above: Region | None = region_named(parent_id, actor=actor)
            while above is not None:
                if above.pk == region_id:
                    raise Invalid(
                        "A region cannot lie in itself.", attribute="region.parent_region_id"
                    )
                above = above.parent
        if changes := apply(row, values):
            _record("updated", region_id, actor, changes)
    return row


def delete_region(region_id: str, *, actor: Actor) -> None:
    """Remove a region; StillInUse while endpoints or other regions lie in it."""
    require(actor, "delete_region")
    with changing():
        row = region_named(region_id, actor=actor)
        located = service_catalog.endpoints_of(service_catalog.services()).values()
        if any(one.region_id == region_id for one in located):
            raise StillInUse(f"The region {region_id} has endpoints.")
        if row.children.filter(removed=False).exists():
            raise StillInUse(f"The region {region_id} has regions in it.")
        Endpoint.objects.filter(region=row, removed=True).update(region=None)
        if any(one.pk == region_id for one in service_catalog.configured_regions()):
            row.removed, row.parent = True, None
            row.save(update_fields=["removed", "parent"])
        else:
            row.delete()
        _record("deleted", region_id, actor, {})


def region_named(region_id: str, *, actor: Actor, make: bool = False) -> Region:
    """The row of a region, held until the transaction ends; RegionNotFound for a missing one, unless to `make` it."""
    known = service_catalog.regions().get(region_id)
    if known is None:
        if make:
            return create_region(region_id, actor=actor)
        raise RegionNotFound(f"Could not find region: {region_id}.", id=region_id)
    if known._state.adding:  # noqa: SLF001 - Django's documented interface
        known.save(force_insert=True)
        return known
    held = locked(Region.objects.filter(pk=region_id, removed=False)).first()
    if held is None:
        raise RegionNotFound(f"Could not find region: {region_id}.", id=region_id)
    return held


def _record(verb: str, region_id: str, actor: Actor, changes: Mapping[str, Change]) -> None:
    record(
        f"region.{verb}", object_type="region", object_id=region_id, actor=actor, changes=changes
    )
