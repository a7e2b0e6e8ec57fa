"""Resource types themselves: associations make them known; only operators rename, protect or forget them."""

from catalog.actors import Actor
from catalog.clock import now
from catalog.errors import Conflict, Duplicate, NotFound, Protected
from catalog.events.recording import Change, record
from metadefs.models import ResourceType
from metadefs.policies import MetadefPolicy
from metadefs.services.naming import check_name, check_new_name
from metadefs.services.transactions import ungoverning_transaction

_RULE = "add_metadef_resource_type_association"


def save(row: ResourceType, *, actor: Actor) -> ResourceType:
    """Make a resource type known, or protect and unprotect a known one; the name of a known one stays."""
    check_name("resource type", row.name)
    MetadefPolicy(actor).require(_RULE)
    with ungoverning_transaction(actor):
        known = ResourceType.objects.filter(pk=row.pk).first() if row.pk else None
        if known is not None and known.name != row.name:
            raise Conflict("a resource type cannot be renamed: assets know it by its name")
        if known is None:
            check_new_name("resource type", row.name)
        if known is None and ResourceType.objects.filter(name=row.name).exists():
            raise Duplicate(f"there is a resource type {row.name!r} already", name=row.name)
        if known is not None and known.protected == row.protected:
            return known
        row.updated_at = now()
        row.save()
        _tell("update" if known else "create", row, actor)
    return row


def delete(row: ResourceType, *, actor: Actor) -> None:
    """Forget a resource type that no namespace governs; Protected when it is."""
    MetadefPolicy(actor).require("remove_metadef_resource_type_association")
    with ungoverning_transaction(actor):
        found = ResourceType.objects.filter(pk=row.pk).first()
        if found is None:
            raise NotFound(f"there is no resource type {row.name!r}", name=row.name)
        if found.protected:
            raise Protected(f"resource type {row.name!r} is protected", name=row.name)
        if found.associations.exists():
            raise Conflict(f"resource type {row.name!r} is associated with namespaces")
        _tell("delete", found, actor)
        found.delete()


def _tell(verb: str, row: ResourceType, actor: Actor) -> None:
    record(
        f"metadef_resource_type.{verb}",
        object_type="metadef_resource_type",
        object_id=row.name,
        actor=actor,
        changes={"protected": Change(new=row.protected)},
    )
