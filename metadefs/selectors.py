"""The only door to definitions for readers, and the rules that govern an asset."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, TypeVar, cast

from django.db.models import Model, Prefetch, QuerySet

from catalog.actors import Actor
from catalog.conf import section
from catalog.errors import NotFound
from catalog.indexing import documents
from catalog.indexing.documents import FieldType
from metadefs import rules, schema
from metadefs.conf import MetadefsConfig
from metadefs.drafts import AssociationDraft, NamespaceDraft, ObjectDraft
from metadefs.enforcement import Governance
from metadefs.errors import Mode
from metadefs.models import Association, Epoch, Namespace, Object, Property, ResourceType, Tag
from metadefs.policies import MetadefPolicy, absent, seen_by_project

IMAGES = "OS::Glance::Image"
M = TypeVar("M", bound=Model)
_FIELD_TYPES = {
    "integer": FieldType.LONG,
    "number": FieldType.DOUBLE,
    "boolean": FieldType.BOOLEAN,
}


# Rows, as callers see them


def namespaces_visible_to(
    actor: Actor, *, visibility: str | None = None, resource_types: Collection[str] = ()
) -> QuerySet[Namespace]:
    """Namespaces the actor sees, with their associations; `resource_types`: associated with any of them."""
    policy = MetadefPolicy(actor)
    policy.require("get_metadef_namespaces")
    rows = policy.visible(Namespace.objects.all())
    if visibility is not None:
        rows = rows.filter(visibility=visibility)
    if resource_types:
        governing = Association.objects.filter(resource_type__name__in=list(resource_types))
        rows = rows.filter(pk__in=governing.values("namespace_id"))
    return rows.prefetch_related(_by_name(), "associations__resource_type")


def _by_name() -> "Prefetch[str, QuerySet[Association], str]":
    return Prefetch("associations", Association.objects.order_by("resource_type__name"))


def namespace_for(actor: Actor, name: str) -> Namespace:
    """The namespace, or NotFound: the same whether it is absent or hidden."""
    policy = MetadefPolicy(actor)
    found = _one(policy.visible(Namespace.objects.all()), namespace=name)
    if found is None or not policy.allows("get_metadef_namespace", found):
        raise absent(name)
    return found


def properties_of(actor: Actor, namespace: Namespace) -> QuerySet[Property]:
    MetadefPolicy(actor).require("get_metadef_properties", namespace)
    return namespace.properties.order_by("name")


def property_for(actor: Actor, namespace: Namespace, name: str) -> Property:
    MetadefPolicy(actor).require("get_metadef_property", namespace)
    return _child(namespace.properties.all(), namespace, "property", name)


def objects_of(actor: Actor, namespace: Namespace) -> QuerySet[Object]:
    MetadefPolicy(actor).require("get_metadef_objects", namespace)
    return namespace.objects_defined.order_by("-created_at", "-id")


def object_for(actor: Actor, namespace: Namespace, name: str) -> Object:
    MetadefPolicy(actor).require("get_metadef_object", namespace)
    return _child(namespace.objects_defined.all(), namespace, "object", name)


def tags_of(actor: Actor, namespace: Namespace) -> QuerySet[Tag]:
    MetadefPolicy(actor).require("get_metadef_tags", namespace)
    return namespace.tags.all()


def tag_for(actor: Actor, namespace: Namespace, name: str) -> Tag:
    MetadefPolicy(actor).require("get_metadef_tag", namespace)
    return _child(namespace.tags.all(), namespace, "tag", name)


def associations_of(actor: Actor, namespace: Namespace) -> QuerySet[Association]:
    MetadefPolicy(actor).require("list_metadef_resource_types", namespace)
    return namespace.associations.select_related("resource_type").order_by("resource_type__name")


def resource_types(actor: Actor) -> QuerySet[ResourceType]:
    """Every resource type that is known, by name."""
    MetadefPolicy(actor).require("list_metadef_resource_types")
    return ResourceType.objects.order_by("name")


def _one(rows: QuerySet[M], **key: str) -> M | None:
    """The one row with this key; no database is asked for a text that none can hold."""
    return None if any("\x00" in value for value in key.values()) else rows.filter(**key).first()


def _child(rows: QuerySet[M], namespace: Namespace, kind: str, name: str) -> M:
    found = _one(rows, name=name)
    if found is None:
        raise NotFound(
            f"namespace {namespace.namespace!r} has no {kind} {name!r}",
            namespace=namespace.namespace,
            name=name,
        )
    return found


# Rules, as they hold for assets


def stamp() -> tuple[int, str]:
    """The epoch of the definitions and its token (empty: nobody asked for it yet)."""
    return Epoch.objects.filter(pk=1).values_list("value", "token").first() or (0, "")


def governance(
    resource_type: str, owner: str | None, *, at: tuple[int, str] | None = None
) -> Governance:
    """The rules for a resource type's assets that belong to `owner` (a project; None: nobody's).

    One cheap query when nothing changed since the last call, none for who holds the stamp and says
    so by `at`: rules are kept per process, by the epoch's token.
    """
    epoch, token = at or stamp()
    known = (resource_type, owner, section(MetadefsConfig).mode, epoch)
    return _kept(*known, token) if token else _assembled(*known)


@lru_cache(maxsize=4096)
def _kept(
    resource_type: str, owner: str | None, mode: Mode | Literal[""], epoch: int, token: str
) -> Governance:
    """Projects without private namespaces share one object."""
    private = Namespace.objects.filter(
        owner=owner, associations__resource_type__name=resource_type
    ).exclude(visibility="public")
    if owner is not None and not private.exists():
        return _kept(resource_type, None, mode, epoch, token)
    return _assembled(resource_type, owner, mode, epoch)


def _assembled(
    resource_type: str, owner: str | None, mode: Mode | Literal[""], epoch: int
) -> Governance:
    drafts = governing_drafts(resource_type, owner)
    found = rules.assemble(resource_type, owner, epoch, drafts)
    return found.in_mode(mode) if mode else found


def governing_drafts(resource_type: str, owner: str | None) -> list[NamespaceDraft]:
    """The namespaces behind `governance`, by name, with everything in them."""
    rows = Namespace.objects.filter(
        seen_by_project(owner), associations__resource_type__name=resource_type
    )
    return [draft_of(row) for row in with_contents(rows.order_by("namespace"))]


def owners_governing(resource_type: str) -> frozenset[str]:
    """The projects that own namespaces, public or private, which govern assets of the type."""
    rows = Namespace.objects.filter(
        owner__isnull=False, associations__resource_type__name=resource_type
    )
    return frozenset(owner for owner in rows.values_list("owner", flat=True) if owner is not None)


def with_contents(rows: QuerySet[Namespace]) -> QuerySet[Namespace]:
    """In the order in which the contents were made, or that of names."""
    return rows.prefetch_related(
        Prefetch("properties", Property.objects.order_by("pk")),
        Prefetch("objects_defined", Object.objects.order_by("pk")),
        Prefetch("tags", Tag.objects.order_by("pk")),
        _by_name(),
        "associations__resource_type",
    )


def draft_of(namespace: Namespace) -> NamespaceDraft:
    """The namespace as values; read it `with_contents`."""
    return NamespaceDraft(
        namespace=namespace.namespace,
        display_name=namespace.display_name,
        description=namespace.description,
        visibility=namespace.visibility,
        protected=namespace.protected,
        owner=namespace.owner,
        associations=tuple(association_draft(row) for row in namespace.associations.all()),
        properties={row.name: row.definition for row in namespace.properties.all()},
        objects=tuple(
            ObjectDraft(
                name=row.name,
                description=row.description,
                required=tuple(row.required),
                properties=row.properties,
            )
            for row in namespace.objects_defined.all()
        ),
        tags=tuple(row.name for row in namespace.tags.all()),
    )


def association_draft(row: Association) -> AssociationDraft:
    return AssociationDraft(
        name=row.resource_type.name,
        prefix=row.prefix or "",
        properties_target=row.properties_target,
        mode=cast("Mode", row.mode),
        strict=row.strict,
    )


def declared_types() -> Mapping[str, FieldType]:
    """Full keys of every indexed resource type with the type that everybody's namespaces declare for
    them; a key that these declare in two ways is a keyword. `catalog.indexing` asks for it.

    All projects share one index, so what a project keeps private has no say in it.
    """
    epoch, token = stamp()
    indexed = frozenset({IMAGES, *documents.sources()})
    return (
        _declared(indexed, epoch, token) if token else _declared.__wrapped__(indexed, epoch, token)
    )


@lru_cache(maxsize=8)
def _declared(indexed: frozenset[str], _epoch: int, _token: str) -> Mapping[str, FieldType]:
    rows = Namespace.objects.filter(
        seen_by_project(None), associations__resource_type__name__in=indexed
    ).distinct()
    found: dict[str, FieldType] = {}
    for namespace in map(draft_of, with_contents(rows)):
        for association in namespace.associations:
            if association.name not in indexed:
                continue
            for _, name, definition in rules.definitions(namespace):
                key = association.prefix + name
                kind = _FIELD_TYPES.get(schema.declared_type(definition), FieldType.KEYWORD)
                found[key] = kind if found.get(key, kind) == kind else FieldType.KEYWORD
    return MappingProxyType(found)
