"""What the clients of a write load were told, and what the database must therefore hold.

An operation whose answer never came may have happened or not: both are allowed from then on, until a later answer
decides. What was acknowledged must be there.
"""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.support.checker import Finding, Query

ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Bytes:
    size: int
    md5: str
    sha512: str


@dataclass
class Asset:
    """One image as its client knows it: what each part of it may be now, the latest last."""

    id: str
    exists: set[bool] = field(default_factory=lambda: {False})
    values: dict[str, list[str]] = field(default_factory=dict)
    data: list[Bytes | None] = field(default_factory=lambda: [None])
    history: list[str] = field(default_factory=list)

    def note(self, operation: str, outcome: object) -> None:
        self.history.append(f"{time.time():.3f} {operation} → {outcome}")

    @property
    def alive(self) -> bool:
        return self.exists == {True}


class Ledger:
    """All assets of a load, the maximum of the governed property, and answers nobody should get."""

    def __init__(self) -> None:
        self.assets: dict[str, Asset] = {}
        self.maximum: list[int] = []
        self.wrong: list[str] = []
        self.told: list[tuple[str, str, str, Any]] = []
        self.counts: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def add(self, asset: Asset) -> None:
        with self._lock:
            self.assets[asset.id] = asset

    def count(self, operation: str, *, acknowledged: bool) -> None:
        with self._lock:
            self.counts[f"{operation} {'acknowledged' if acknowledged else 'unanswered'}"] += 1

    def promise(self, asset: Asset, event: str, path: str, new: Any) -> None:
        """The client was told that this happened: there must be an event of it."""
        with self._lock:
            self.told.append((asset.id, event, path, new))

    def complain(self, text: str) -> None:
        with self._lock:
            self.wrong.append(f"{time.time():.3f} {text}")

    def findings(self, query: Query) -> list[Finding]:
        """Where the database differs from what clients were told."""
        found = [Finding("wrong answer", "", text) for text in self.wrong]
        rows = {row["id"]: row for row in query("SELECT * FROM artifacts_artifact")}
        stored = {
            row["artifact_id"]: Bytes(row["size"], row["md5"], row["sha512"])
            for row in query(
                "SELECT b.artifact_id, o.size, o.md5, o.sha512 FROM artifacts_blob b"
                " JOIN artifacts_location l ON l.blob_id = b.id"
                " JOIN artifacts_storedobject o ON o.id = l.stored_object_id"
            )
        }
        for asset in self.assets.values():
            row = rows.get(asset.id)
            live = row is not None and row["deleted_at"] is None
            if live not in asset.exists:
                found.append(Finding("lost", asset.id, f"it is {'there' if live else 'gone'}"))
            if live:
                found += _contents(asset, row, stored.get(asset.id))
        found += [
            Finding("invented", key, "nobody made it")
            for key, row in rows.items()
            if key not in self.assets and row["type"] == "images"
        ]
        return [*found, *self._events(query), *self._rules(query, rows)]

    def _events(self, query: Query) -> list[Finding]:
        written = set()
        for row in query("SELECT object_id, kind, changes FROM catalog_event"):
            for path, (_, new) in row["changes"].items():
                written.add((row["object_id"], row["kind"], path, str(new)))
        return [
            Finding("no event", key, f"{kind} {path} {new!r}")
            for key, kind, path, new in self.told
            if (key, kind, path, str(new)) not in written
        ]

    def _rules(self, query: Query, rows: dict[str, Any]) -> list[Finding]:
        """The governed property's maximum is what was acknowledged, and every row is judged by it."""
        if not self.maximum:
            return []
        definitions = query("SELECT * FROM metadefs_property WHERE name = 'level'")
        found = [row["definition"]["maximum"] for row in definitions]
        if len(found) != 1 or found[0] not in self.maximum:
            return [Finding("lost", "level", f"its maximum is {found}, not in {self.maximum}")]
        return [
            Finding("judged wrongly", key, f"level {row['properties'].get('crash_level')}")
            for key, row in rows.items()
            if row["deleted_at"] is None
            and bool(row["violations"]) != (int(row["properties"].get("crash_level", 0)) > found[0])
        ]


def _contents(asset: Asset, row: dict[str, Any], stored: Bytes | None) -> list[Finding]:
    found = []
    for key, allowed in asset.values.items():
        value = row["name"] if key == "name" else row["properties"].get(key, ABSENT)
        if value not in allowed:
            found.append(Finding("lost", asset.id, f"{key} is {value!r}, not in {allowed}"))
    if stored not in asset.data:
        found.append(Finding("lost", asset.id, f"its data is {stored}, not in {asset.data}"))
    return found
