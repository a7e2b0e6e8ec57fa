"""An independent look at what the service left: rows by plain SQL, bytes by the file system, the index by its own scan.

Nothing of the service's own code is used, so that a fault in it cannot hide itself here. It speaks of a service at rest:
no request is under way, and background work has had its time.
"""

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]
Query = Callable[[str], list[Row]]
Index = Mapping[str, tuple[int, Mapping[str, Any] | None]]
"""By artifact id: the document's version and its body, None where an engine shows versions only."""

IMAGE = "OS::Glance::Image"
JSON_COLUMNS = frozenset({"fields", "properties", "violations", "changes", "input", "definition"})
SETTLED = frozenset({"queued", "active", "deactivated", "deleted"})
REVISING = frozenset(
    f"image.{verb}"
    for verb in "create update prepare upload upload_failed deactivate reactivate delete restore".split()
)
TOMBSTONE = {
    "status": "deleted",
    "name": None,
    "size": None,
    "disk_format": None,
    "container_format": None,
    "fields": {},
    "properties": {},
    "violations": [],
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that should not be: its kind, what it concerns, and what is wrong with it."""

    kind: str
    subject: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.text}"


@dataclass(frozen=True, slots=True)
class File:
    size: int
    md5: str
    sha512: str


def sqlite(path: Path) -> Query:
    """Read a SQLite file, in a connection of its own each time."""

    def query(sql: str) -> list[Row]:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
        try:
            connection.row_factory = sqlite3.Row
            return [_plain(dict(row)) for row in connection.execute(sql)]
        finally:
            connection.close()

    return query


def postgresql(url: str) -> Query:
    """Read a PostgreSQL database, in a connection of its own each time."""

    def query(sql: str) -> list[Row]:
        with psycopg.connect(url, row_factory=dict_row) as connection:
            return [_plain(row) for row in connection.execute(sql)]

    return query


def files(root: Path) -> dict[str, File]:
    """Every file below the store's folder, by its path in it, hashed here."""
    return {str(path.relative_to(root)): _file(path) for path in root.rglob("*") if path.is_file()}


def place(key: str) -> str:
    """Where the file of a key belongs (`stores/layout.py` says so too)."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{digest[:2]}/{digest[2:4]}/{key.replace('/', '+')}"


class Checker:
    """Compares the three; `findings` is everything that does not agree."""

    def __init__(self, query: Query, store: Path, index: Callable[[], Index] | None) -> None:
        self._query, self._store, self._index = query, store, index

    def findings(self) -> list[Finding]:
        """Everything, sorted; empty when all is well."""
        return sorted({*self.unsettled(), *self._everything()})

    def unsettled(self) -> Iterator[Finding]:
        """What is under way still, and would be stuck if it stayed so."""
        for row in self._query("SELECT * FROM catalog_delivery"):
            kind = "parked delivery" if row["parked"] else "outstanding delivery"
            yield Finding(kind, row["object_id"], f"{row['attempts']} attempts {row['error']}")
        for row in self._query(
            "SELECT * FROM catalog_job WHERE state IN ('queued', 'running', 'failing')"
        ):
            yield Finding("open job", row["id"], f"{row['kind']} is {row['state']}: {row['error']}")
        for row in self._query("SELECT * FROM artifacts_storedobject WHERE state <> 'stored'"):
            yield Finding("open object", row["key"], f"it is {row['state']}")
        for row in self._query("SELECT * FROM artifacts_blob WHERE status <> 'active'"):
            yield Finding("open blob", row["artifact_id"], f"it is {row['status']}")
        for row in self._query("SELECT * FROM artifacts_artifact"):
            if row["status"] not in SETTLED:
                yield Finding("open artifact", row["id"], f"it is {row['status']}")
            if row["deleted_at"] is not None and row["scrubbed_at"] is None:
                yield Finding("unscrubbed", row["id"], "it is deleted and keeps what it had")
        for path in (self._store / ".partial").glob("*"):
            yield Finding("partial file", path.name, "its writer is gone")

    def _everything(self) -> Iterator[Finding]:
        rows = {row["id"]: row for row in self._query("SELECT * FROM artifacts_artifact")}
        live = {key: row for key, row in rows.items() if row["deleted_at"] is None}
        yield from self._tombstones([row for key, row in rows.items() if key not in live])
        yield from self._bytes(live)
        yield from self._jobs(live)
        yield from self._events(rows)
        if self._index is not None:
            yield from self._documents(live, self._index())

    def _tombstones(self, rows: list[Row]) -> Iterator[Finding]:
        for row in rows:
            for column, value in TOMBSTONE.items():
                if row[column] != value:
                    yield Finding("tombstone", row["id"], f"it has {column} {row[column]!r}")
        ids = {row["id"] for row in rows}
        for table in ("tag", "member", "blob"):
            for row in self._query(f"SELECT artifact_id FROM artifacts_{table}"):
                if row["artifact_id"] in ids:
                    yield Finding("tombstone", row["artifact_id"], f"it has a {table}")

    def _bytes(self, live: Mapping[str, Row]) -> Iterator[Finding]:
        objects = {o["id"]: o for o in self._query("SELECT * FROM artifacts_storedobject")}
        held = self._query(
            "SELECT b.artifact_id, b.slot, l.stored_object_id FROM artifacts_blob b"
            " LEFT JOIN artifacts_location l ON l.blob_id = b.id"
        )
        references = Counter(row["stored_object_id"] for row in held)
        found = {k: v for k, v in files(self._store).items() if not k.startswith(".partial/")}
        for pk, one in objects.items():
            if one["references"] != references[pk]:
                text = f"it counts {one['references']} references and has {references[pk]}"
                yield Finding("references", one["key"], text)
            yield from _compared(one, found.pop(place(one["key"]), None))
        for path in found:
            yield Finding("file without row", path)
        by_artifact = defaultdict(list)
        for row in held:
            by_artifact[row["artifact_id"]].append(objects.get(row["stored_object_id"]))
        for row in live.values():
            yield from _described(row, by_artifact[row["id"]])

    def _jobs(self, live: Mapping[str, Row]) -> Iterator[Finding]:
        epoch = 0
        for job in self._query("SELECT * FROM catalog_job"):
            if job["state"] in {"failed", "cancelled"}:
                yield Finding("failed job", job["id"], f"{job['kind']}: {job['error']}")
            if job["kind"] == "artifacts.revalidate":
                epoch = max(epoch, int(job["input"]["epoch"]))
        for row in live.values():
            if row["type"] == "images" and row["checked_epoch"] < epoch:
                text = f"judged at {row['checked_epoch']}, definitions are at {epoch}"
                yield Finding("not judged", row["id"], text)

    def _events(self, rows: Mapping[str, Row]) -> Iterator[Finding]:
        """Each change of a row has its event, in the same transaction: so their numbers agree."""
        events = defaultdict(Counter)
        for row in self._query("SELECT object_id, kind FROM catalog_event"):
            events[row["object_id"]][row["kind"]] += 1
        for key, row in rows.items():
            if row["type"] != "images":
                continue
            counts = events[key]
            for kind, wanted in (("create", 1), ("delete", int(row["deleted_at"] is not None))):
                if counts[f"image.{kind}"] != wanted:
                    text = f"{counts[f'image.{kind}']} events of {kind}, not {wanted}"
                    yield Finding("events", key, text)
            changes = sum(n for kind, n in counts.items() if kind in REVISING)
            if changes != row["revision"]:
                yield Finding("events", key, f"{changes} events, revision {row['revision']}")
        for key, counts in events.items():
            if key not in rows and any(kind in REVISING for kind in counts):
                yield Finding("events", key, "events of something that never was")

    def _documents(self, live: Mapping[str, Row], index: Index) -> Iterator[Finding]:
        tags = defaultdict(list)
        for row in self._query("SELECT artifact_id, value FROM artifacts_tag"):
            tags[row["artifact_id"]].append(row["value"])
        for key in index.keys() - live.keys():
            yield Finding("ghost", key, "it is in the index and is no live row")
        for key, row in live.items():
            if key not in index:
                yield Finding("not indexed", key)
                continue
            version, body = index[key]
            if version != row["doc_version"]:
                text = f"the index has version {version}, the row {row['doc_version']}"
                yield Finding("index version", key, text)
            if body is not None:
                yield from _alike(row, sorted(tags[key]), body)


def _compared(row: Row, file: File | None) -> Iterator[Finding]:
    if file is None:
        yield Finding("row without file", row["key"], f"it is {row['state']}")
    elif row["state"] == "stored":
        for name in ("size", "md5", "sha512"):
            if row[name] != getattr(file, name):
                text = f"{name}: the row says {row[name]}, the file {getattr(file, name)}"
                yield Finding("bytes differ", row["key"], text)


def _described(row: Row, objects: list[Row | None]) -> Iterator[Finding]:
    """An image that can be downloaded has one object and tells its size and digests; another one has none."""
    if row["type"] != "images":
        return
    if row["status"] not in {"active", "deactivated"}:
        if objects or row["size"] is not None:
            yield Finding("image data", row["id"], f"it is {row['status']} and has data")
        return
    if len(objects) != 1 or objects[0] is None:
        yield Finding("image data", row["id"], f"it is {row['status']} with {len(objects)} objects")
        return
    told = (row["size"], row["fields"].get("checksum"), row["fields"].get("os_hash_value"))
    if told != tuple(objects[0][name] for name in ("size", "md5", "sha512")):
        yield Finding("image data", row["id"], f"it tells {told}")


def _alike(row: Row, tags: list[str], body: Mapping[str, Any]) -> Iterator[Finding]:
    wanted = {
        "name": row["name"],
        "status": row["status"],
        "visibility": row["visibility"],
        "owner": row["project_id"],
        "protected": bool(row["protected"]),
        "size": row["size"],
        "tags": tags,
        "properties": row["properties"],
        "valid": not row["violations"],
    }
    if row["type"] == "images":
        wanted["os_hash_value"] = row["fields"].get("os_hash_value")
    for name, value in wanted.items():
        shown = body.get(name)
        shown = sorted(shown or []) if name == "tags" else shown
        if (shown or None) != (value or None):
            yield Finding("index body", row["id"], f"{name} is {shown!r}, the row has {value!r}")


def _file(path: Path) -> File:
    md5, sha512, size = hashlib.md5(), hashlib.sha512(), 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            md5.update(block)
            sha512.update(block)
            size += len(block)
    return File(size, md5.hexdigest(), sha512.hexdigest())


def _plain(row: Row) -> Row:
    """JSON columns as values: SQLite gives them as text, PostgreSQL as they are."""
    return {
        k: json.loads(v) if k in JSON_COLUMNS and isinstance(v, str) else v for k, v in row.items()
    }
