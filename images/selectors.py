"""The doors to images: rows as plain dictionaries for reading, model instances for services."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.sql.compiler import SQLCompiler

from artifacts import selectors as artifacts
from artifacts.models import Artifact, Member, Tag
from artifacts.paging import count_of, page_of, portions_of
from artifacts.types import absent
from artifacts.visibility import Reach, Scope, reach
from catalog.actors import Actor
from catalog.errors import Forbidden, NotFound
from catalog.fields import JSONField
from catalog.pages import portions
from catalog.query import Page
from catalog.sql.prepared import Prepared, columns
from catalog.sql.rows import among, many
from images import readable_locations
from images.models import TYPE, Image
from images.policies import ImageAction, ImagePolicy

ImageRow: TypeAlias = dict[str, Any]
COUNTED = 10_000
"""Lists are counted up to here; who asks, waits for no more."""

COLUMNS = (
    "id",
    "given_id",
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


def _as_rows(
    rows: QuerySet[Artifact], columns: Sequence[str] = COLUMNS
) -> QuerySet[Artifact, dict[str, Any]]:
    found: QuerySet[Artifact, dict[str, Any]] = rows.values(*columns, tag_values=TagArray())
    return found


def _one(reach: Reach, placeholder: Callable[[str], Any]) -> QuerySet[Artifact]:
    return artifacts.within(reach, placeholder("project")).filter(pk=placeholder("id"), type=TYPE)


def _shown(reach: Reach) -> Prepared:
    return Prepared(lambda placeholder: _as_rows(_one(reach, placeholder)))


def _held(reach: Reach) -> Prepared:
    return Prepared(
        lambda placeholder: artifacts.held(_one(reach, placeholder).values(*columns(Image)))
    )


_SHOWN = {reach: _shown(reach) for reach in Reach}
_HELD = {reach: _held(reach) for reach in Reach}
_TAGS = Prepared(
    lambda placeholder: (
        Tag.objects.filter(artifact=placeholder("image")).order_by("value").values("value")
    )
)
_PAGE = Prepared(
    lambda placeholder: _as_rows(Artifact.objects.filter(among("id", placeholder("ids"))))
)
_PAGE_WITHOUT_PROPERTIES = Prepared(
    lambda placeholder: _as_rows(
        Artifact.objects.filter(among("id", placeholder("ids"))),
        [name for name in COLUMNS if name != "properties"],
    )
)


def image_row(actor: Actor, image_id: str) -> ImageRow:
    """The image to show; NotFound when it is absent, deleted or hidden."""
    if not artifacts.storable(image_id):
        raise absent(TYPE, image_id)
    rows = _SHOWN[reach(actor)].rows(id=image_id.lower(), project=actor.project_id)
    if not rows or not ImagePolicy(actor).may_show(rows[0]):
        raise absent(TYPE, image_id)
    readable_locations.attach(rows)
    return rows[0]


def image_for(actor: Actor, image_id: str) -> Artifact:
    """The image for a service or a policy; NotFound when it is absent, deleted or hidden."""
    found = _by_id(actor, image_id).first()
    if found is None:
        raise absent(TYPE, image_id)
    return found


def held_image(actor: Actor, image_id: str) -> Image:
    """The image, held until the transaction ends; NotFound when it is absent, deleted or hidden."""
    if not artifacts.storable(image_id):
        raise absent(TYPE, image_id)
    held = _HELD[reach(actor)]
    found = held.instances(Image, id=image_id.lower(), project=actor.project_id)
    if not found:
        raise absent(TYPE, image_id)
    return found[0]


def tags_of(image_id: str) -> list[str]:
    """The image's tags in order."""
    return [row["value"] for row in _TAGS.rows(image=image_id)]


def spelt_id(row: ImageRow) -> str:
    """The image's id as it was given."""
    return str(row["given_id"] or row["id"])


@dataclass(frozen=True, slots=True)
class Listing:
    """Some rows in order, read in portions while they are taken, and whether more follow them."""

    rows: Iterator[ImageRow]
    more: bool


def listed(
    actor: Actor,
    *,
    rows: QuerySet[Artifact],
    scope: Scope,
    page: Page,
    properties: bool = True,
) -> Listing:
    """One page of what the actor may list, in order. `rows` carries the filters; without `properties` the rows have
    no free ones, which are the most of an image.
    """
    if not _lists(actor):
        return Listing(iter(()), more=False)
    marker = (
        artifacts.marker_for(actor, page.marker, type=TYPE) if page.marker is not None else None
    )
    if page.limit == 0:
        return Listing(iter(()), more=False)
    ids = page_of(rows.filter(type=TYPE, deleted_at=None), actor, scope, page, marker)
    found = _read(ids[: page.limit], properties=properties)
    return Listing(found, more=len(ids) > page.limit)


def _read(ids: Sequence[str], *, properties: bool = True) -> Iterator[ImageRow]:
    """The rows in this order, as far as they are still there."""
    for part in portions_of(ids) if properties else portions(ids):
        read = _PAGE if properties else _PAGE_WITHOUT_PROPERTIES
        found = {row["id"]: row for row in read.rows(ids=many(part))}
        readable_locations.attach(found.values())
        for one in part:
            if one in found:
                yield found[one] if properties else {**found[one], "properties": {}}


def counted(actor: Actor, *, rows: QuerySet[Artifact], scope: Scope) -> int:
    """How many images all pages of a list hold; anything above `COUNTED` means: more than that."""
    if not _lists(actor):
        return 0
    return count_of(rows.filter(type=TYPE, deleted_at=None), actor, scope, most=COUNTED)


def _lists(actor: Actor) -> bool:
    """Whether lists hold anything at all, since `get_image` may show the actor nothing; Forbidden for no lists."""
    policy = ImagePolicy(actor)
    policy.require_list()
    return policy.may_show_any()


def restorable(actor: Actor, *, rows: QuerySet[Artifact], page: Page) -> Listing:
    """One page of the deleted images that can be restored, the newest deletion first; each row tells `deleted_at`.

    They are the project's own; an administrator's are everybody's. `rows` carries the filters.
    """
    if not _lists(actor):
        return Listing(iter(()), more=False)
    held = artifacts.deleted(actor, rows.filter(type=TYPE))
    if page.marker is not None:
        held = held.filter(artifacts.deleted_before(actor, page.marker, type=TYPE))
    found = list(
        held.order_by("-deleted_at", "-id").values_list("id", "deleted_at")[: page.limit + 1]
    )
    times = dict(found[: page.limit])
    shown = ({**row, "deleted_at": times[row["id"]]} for row in _read(list(times)))
    return Listing(shown, more=page.limit > 0 and len(found) > page.limit)


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
    """One membership for a service, which says itself what is forbidden. Forbidden unless the image is shared,
    NotFound when the actor may not see it.
    """
    if image.visibility != "shared":
        ImagePolicy(actor).require(ImageAction.GET, image)
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
        raise absent(TYPE, image_id)
    return artifacts.artifacts_by_id(actor).filter(pk=image_id.lower(), type=TYPE)
