"""The doors to images: rows as plain dictionaries for reading, model instances for services."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from django.db.models import JSONField, OuterRef, QuerySet, Subquery
from django.db.models.sql.compiler import SQLCompiler

from artifacts import selectors as artifacts
from artifacts.models import Artifact, Member, Tag
from artifacts.selectors import Scope
from catalog.actors import Actor
from catalog.errors import Forbidden, NotFound
from catalog.query import Page
from images.models import TYPE
from images.policies import ImageAction, ImagePolicy

ImageRow: TypeAlias = dict[str, Any]

COLUMNS = (
    "id",
    "name",
    "status",
    "visibility",
    "protected",
    "hidden",
    "project_id",
    "size",
    "disk_format",
    "container_format",
    "min_disk",
    "min_ram",
    "fields",
    "properties",
    "created_at",
    "updated_at",
    "revision",
)


class TagArray(Subquery):
    """The image's tags in order, folded into one column."""

    output_field = JSONField()

    def __init__(self) -> None:
        super().__init__(
            Tag.objects.filter(artifact=OuterRef("pk")).order_by("value").values("value")
        )

    def as_postgresql(self, compiler: SQLCompiler, connection: Any) -> Any:
        return self.as_sql(compiler, connection, template="to_jsonb(ARRAY(%(subquery)s))")

    def as_sqlite(self, compiler: SQLCompiler, connection: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(SELECT json_group_array(value) FROM (%(subquery)s))"
        )


def _rows(rows: QuerySet[Artifact]) -> list[ImageRow]:
    return list(rows.values(*COLUMNS, tag_values=TagArray()))


def image_row(actor: Actor, image_id: str) -> ImageRow:
    """The image to show; NotFound when it is absent, deleted or hidden."""
    rows = _rows(_by_id(actor, image_id))
    if not rows or not ImagePolicy(actor).may_show(rows[0]):
        raise _absent(image_id)
    return rows[0]


def image_for(actor: Actor, image_id: str) -> Artifact:
    """The image for a service or a policy; NotFound when it is absent, deleted or hidden."""
    found = _by_id(actor, image_id).first()
    if found is None:
        raise _absent(image_id)
    return found


def listed(
    actor: Actor, *, rows: QuerySet[Artifact], scope: Scope, page: Page
) -> tuple[list[ImageRow], bool]:
    """One page of what the actor may list, in order, and whether more follows. `rows` carries the filters."""
    ImagePolicy(actor).require_list()
    if page.limit == 0:
        return [], False
    marker = (
        artifacts.marker_for(actor, page.marker, type=TYPE) if page.marker is not None else None
    )
    ids = artifacts.page_of(
        rows.filter(type=TYPE, deleted_at=None), artifacts.branches(actor, scope), page, marker
    )
    found = {row["id"]: row for row in _rows(Artifact.objects.filter(pk__in=ids[: page.limit]))}
    return [found[i] for i in ids[: page.limit] if i in found], len(ids) > page.limit


def members_of(actor: Actor, image: Artifact) -> Sequence[Member]:
    """The memberships the actor may see: all for the owner, its own for a member. Forbidden unless shared."""
    ImagePolicy(actor).require(ImageAction.LIST_MEMBERS, image)
    if image.visibility != "shared":
        raise Forbidden("only shared images have members", id=image.pk)
    rows = Member.objects.filter(artifact=image).order_by("created_at", "id")
    if not (actor.is_admin or actor.project_id == image.project_id):
        rows = rows.filter(member_id=actor.project_id or "")
    return list(rows)


def member_for(actor: Actor, image: Artifact, member_id: str) -> Member:
    """One membership to show; NotFound for everything the actor may not see."""
    found = _membership(actor, image, member_id)
    if image.visibility != "shared":
        raise _no_member(image, member_id)
    if not ImagePolicy(actor).allows(ImageAction.GET_MEMBER, image, member_id=member_id):
        raise _no_member(image, member_id)
    return found


def member_to_write(actor: Actor, image: Artifact, member_id: str) -> Member:
    """One membership for a service, which says itself what is forbidden. Forbidden unless the image is shared."""
    if image.visibility != "shared":
        raise Forbidden("only shared images have members", id=image.pk)
    return _membership(actor, image, member_id)


def _membership(actor: Actor, image: Artifact, member_id: str) -> Member:
    own = actor.is_admin or actor.project_id in (image.project_id, member_id)
    known = own and len(member_id) <= 255 and "\x00" not in member_id
    found = Member.objects.filter(artifact=image, member_id=member_id).first() if known else None
    if found is None:
        raise _no_member(image, member_id)
    return found


def _no_member(image: Artifact, member_id: str) -> NotFound:
    return NotFound(
        f"{member_id!r} is not a member of image {image.pk}", id=image.pk, member=member_id
    )


def _by_id(actor: Actor, image_id: str) -> QuerySet[Artifact]:
    if not artifacts.storable(image_id):
        raise _absent(image_id)
    return artifacts.artifacts_by_id(actor).filter(pk=image_id, type=TYPE)


def _absent(image_id: str) -> NotFound:
    return NotFound(f"no image found with ID {image_id}", id=image_id)
