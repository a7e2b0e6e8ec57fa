"""A Glance database as its tables are: read page by page, never written. Any release since 2018 has these columns."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa

from images.takeover.connecting import connecting, engine, reading
from metadefs import schema

TABLES = (
    "images",
    "image_properties",
    "image_tags",
    "image_members",
    "image_locations",
    "metadef_namespaces",
    "metadef_resource_types",
    "metadef_namespace_resource_types",
    "metadef_properties",
    "metadef_objects",
    "metadef_tags",
)
AT_ONCE = 500
Row: TypeAlias = sa.RowMapping


@dataclass(frozen=True, slots=True)
class GlanceImage:
    """A row of `images` with what hangs on it; deleted children are left out."""

    row: Row
    properties: dict[str, str | None] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    locations: list[Row] = field(default_factory=list)


class GlanceDatabase:
    """Opens the database of an SQLAlchemy URL, such as the `connection` in Glance's own configuration.

    Every method raises SourceUnreadable when the database fails, in the middle of a run too. Each transaction has a
    connection of its own: what the server or a proxy does to idle ones does not matter.
    """

    def __init__(self, url: str) -> None:
        self._metadata = sa.MetaData()
        self._engine = engine(url)
        with connecting():
            self._metadata.reflect(self._engine, only=list(TABLES))

    def count(self) -> int:
        """Images, deleted ones too: their ids stay taken."""
        query = sa.select(sa.func.count()).select_from(self._table("images"))
        with self._connected() as connection:
            return int(connection.execute(query).scalar_one())

    def ids(self) -> list[str]:
        """The ids of all images, deleted ones too, in the order of `pages`."""
        column = self._table("images").c.id
        with self._connected() as connection:
            return list(connection.execute(sa.select(column).order_by(column)).scalars())

    def pages(self, size: int) -> Iterator[list[GlanceImage]]:
        """All images, each once, by id; those that share a file with one of a page are in that page too.

        Each page is read in a transaction of its own, which is over when the page is there.
        """
        images, after = self._table("images"), ""
        companions, ahead = self._companions(), set[str]()
        while True:
            query = sa.select(images).where(images.c.id > after).order_by(images.c.id).limit(size)
            with self._connected() as connection:
                found = connection.execute(query).mappings().all()
                rows = [row for row in found if row["id"] not in ahead]
                ids = {row["id"] for row in rows}
                others = set[str]().union(*(companions.get(one, ()) for one in ids)) - ids
                for some in _parts(others - ahead):
                    query = sa.select(images).where(images.c.id.in_(some))
                    rows += connection.execute(query).mappings().all()
                page = self._whole(connection, rows)
            if not found:
                return
            after, ahead = found[-1]["id"], ahead | others
            if page:
                yield page

    def namespaces(self) -> Iterator[dict[str, Any]]:
        """Every namespace as a document of the format that `load_metadefs` reads."""
        table = self._table("metadef_namespaces")
        with self._connected() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.id)).mappings().all()
        for row in rows:
            with self._connected() as connection:
                document = self._namespace(connection, row)
            yield document

    def _companions(self) -> dict[str, set[str]]:
        """For each image that shares a file with others: all that hang together so, itself included."""
        table = self._table("image_locations")
        query = sa.select(table.c.value, table.c.image_id).where(
            table.c.deleted.is_(False), table.c.status == "active", table.c.value.ilike("file%")
        )
        by_file: dict[str, set[str]] = defaultdict(set)
        with self._connected() as connection:
            for value, image_id in connection.execute(query):
                if (path := file_path(value)) is not None:
                    by_file[str(path)].add(image_id)
        found: dict[str, set[str]] = {}
        for ids in by_file.values():
            if len(ids) > 1:
                together = ids.union(*(found.get(one, ()) for one in ids))
                found.update(dict.fromkeys(together, together))
        return found

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        with reading(), self._engine.connect() as connection:
            yield connection

    def _table(self, name: str) -> sa.Table:
        return self._metadata.tables[name]

    def _whole(self, connection: sa.Connection, rows: Sequence[Row]) -> list[GlanceImage]:
        ids = [row["id"] for row in rows if not row["deleted"]]
        properties = self._children(connection, "image_properties", ids)
        tags = self._children(connection, "image_tags", ids)
        members = self._children(connection, "image_members", ids)
        locations = self._children(connection, "image_locations", ids)
        return [
            GlanceImage(
                row,
                {one["name"]: one["value"] for one in properties[row["id"]]},
                [one["value"] for one in tags[row["id"]]],
                members[row["id"]],
                [one for one in locations[row["id"]] if one["status"] == "active"],
            )
            for row in rows
        ]

    def _children(
        self, connection: sa.Connection, name: str, ids: Iterable[str]
    ) -> dict[str, list[Row]]:
        table = self._table(name)
        found: dict[str, list[Row]] = defaultdict(list)
        for some in _parts(ids):
            query = sa.select(table).where(table.c.image_id.in_(some), table.c.deleted.is_(False))
            for row in connection.execute(query.order_by(table.c.id)).mappings():
                found[row["image_id"]].append(row)
        return found

    def _namespace(self, connection: sa.Connection, row: Row) -> dict[str, Any]:
        def children(name: str) -> Sequence[Row]:
            table = self._table(name)
            query = sa.select(table).where(table.c.namespace_id == row["id"])
            return connection.execute(query.order_by(table.c.name)).mappings().all()

        return {
            "namespace": row["namespace"],
            "display_name": row["display_name"],
            "description": row["description"],
            "visibility": row["visibility"],
            "protected": bool(row["protected"]),
            "owner": row["owner"],
            "resource_type_associations": self._associations(connection, row["id"]),
            "properties": _definitions(
                {p["name"]: _json(p["json_schema"]) for p in children("metadef_properties")}
            ),
            "objects": [
                {
                    "name": one["name"],
                    "description": one["description"],
                    "required": [n for n in (one["required"] or "").split(",") if n],
                    "properties": _definitions(_json(one["json_schema"])),
                }
                for one in children("metadef_objects")
            ],
            "tags": [{"name": one["name"]} for one in children("metadef_tags")],
        }

    def _associations(self, connection: sa.Connection, namespace_id: int) -> list[dict[str, Any]]:
        link = self._table("metadef_namespace_resource_types")
        kind = self._table("metadef_resource_types")
        query = sa.select(kind.c.name, link.c.prefix, link.c.properties_target).join_from(
            link, kind, link.c.resource_type_id == kind.c.id
        )
        rows = connection.execute(query.where(link.c.namespace_id == namespace_id)).mappings()
        return [{str(k): v for k, v in row.items() if v is not None} for row in rows]


def file_path(url: str) -> PurePosixPath | None:
    """The file that a location names, if any: one path for a file, however its address is written."""
    parts = urlsplit(url)
    if parts.scheme not in {"file", "filesystem"}:
        return None
    return PurePosixPath(unquote(parts.path))


def _parts(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids in order, as many at once as every database takes as parameters."""
    ordered = sorted(ids)
    return (ordered[at : at + AT_ONCE] for at in range(0, len(ordered), AT_ONCE))


def _definitions(found: Any) -> Any:
    """What of them can be used here; what is no definition at all is left to those who read it."""
    if not isinstance(found, dict):
        return found
    return {
        name: schema.salvaged(name, one) if isinstance(one, dict) else one
        for name, one in found.items()
    }


def _json(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) else (text or {})
