"""Documents with the edges in them, and the source that declares their fields."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from catalog.actors import Actor
from catalog.indexing.documents import COMMON, Document, DocumentSource, Field, FieldType
from catalog.query import Everything, Expression

KIND = "OS::Test::Thing"
DECLARED = {
    "cores": FieldType.LONG,
    "ratio": FieldType.DOUBLE,
    "on": FieldType.BOOLEAN,
    "born": FieldType.DATE,
}
WORDS = [
    "quick",
    "brown",
    "fox",
    "lazy",
    "dog",
    "Ünïcode",
    "server",
    "ubuntu-22.04",
    "日本語",
    "x/y",
]


class Things(DocumentSource):
    resource_type = KIND
    fields: ClassVar[tuple[Field, ...]] = (
        Field("format", FieldType.KEYWORD, facet=True),
        Field("weight", FieldType.DOUBLE),
        Field("valid", FieldType.BOOLEAN),
    )

    def load(self, ids: Sequence[str]) -> Iterable[Document]:
        found = dict(bodies())
        return [Document(i, 1, found.get(i)) for i in ids]

    def all_ids(self) -> Iterator[str]:
        return iter(dict(bodies()))

    def rights(self, actor: Actor) -> Expression:
        return Everything()


FIELDS = {f.name: f for f in (*COMMON, *Things.fields)}


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Forty documents: combinations of words, numbers at the edges, missing, empty and doubled values."""
    base = datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC)
    for n in range(40):
        properties = {"os": ["ubuntu", "debian", "Ubuntu 22", "x/y"][n % 4], "n": str(n)}
        if n % 3 == 0:
            properties["cores"] = str(n)
        if n % 5 == 0:
            properties |= {"ratio": f"{n / 4}", "on": "True" if n % 2 else "false", "cores": "many"}
        yield (
            f"id-{n:02}",
            {
                "id": f"id-{n:02}",
                "resource_type": KIND,
                "name": None if n % 11 == 10 else f"{WORDS[n % 10]} {WORDS[(n * 7 + 1) % 10]}",
                "description": ""
                if n % 4 == 0
                else f"a {WORDS[n % 5]} {WORDS[(n + 3) % 10]} thing",
                "status": ["active", "queued", "deactivated"][n % 3],
                "visibility": ["private", "public", "shared"][n % 3],
                "owner": f"p{n % 4}",
                "project_id": f"p{n % 4}",
                "members": ["p1", "p2"] if n % 6 == 0 else [],
                "tags": [WORDS[n % 3], WORDS[n % 3], WORDS[n % 7]] if n % 2 else [],
                "protected": n % 2 == 0,
                "size": [None, 0, 9, 10, 2**53 + 1, 2**62][n % 6],
                "created_at": base + timedelta(hours=7 * n, milliseconds=n),
                "updated_at": base + timedelta(days=n),
                "properties": properties,
                "property_text": [f"{k} {v}" for k, v in properties.items()],
                "format": None if n % 7 == 0 else ["raw", "qcow2", "a/b"][n % 3],
                "weight": None if n % 9 == 0 else n / 3,
                "valid": n % 8 != 0,
            },
        )
    for n, edge in enumerate(EDGES):
        yield f"id-edge-{n:02}", {"id": f"id-edge-{n:02}", "resource_type": KIND, **edge}


EDGES: list[dict[str, Any]] = [
    {"name": "long " + "y" * 40_000, "properties": {"os": "z" * 40_000}},
    {
        "name": "cafe\u0301 CAFÉ \uff23\uff41\uff46\uff45",
        "tags": ["é", "e\u0301"],
        "status": "a\\b*c?d",
    },
    {"name": "カタカナ 한국어 ひらがな", "description": "東京都 2026年", "status": "日本"},
    {"name": "new\nline", "format": "a\nb", "properties": {"os": "two\nlines"}},
    {"name": "w" * 255 + " " + "v" * 256, "description": "\U0001d4b3 😀 ẞtraße ΣΊΣΥΦΟΣ İstanbul"},
    {"name": "don't 3,5 v1.2 1.2.3 a_b x-y", "description": "10.0.0.1/24 hw:cpu=4"},
    {"properties": {"a.b": "dot", "a b": "space", "a:b": "colon", "ü": "1", "a": {"x": 1}}},
    {"properties": {"cores": "007", "ratio": "1e3", "on": "TRUE", "born": "2026-02-03"}},
    {"properties": {"cores": "99999999999999999999", "ratio": "nan", "on": "yes", "born": "?"}},
    {"properties": {"cores": "", "os": "", "n": " 5 "}, "tags": ["", "a", "a"]},
    {"size": -(2**63) + 1, "weight": -0.0, "created_at": "1969-12-31T23:59:59.999Z", "tags": []},
    {"size": 2**63 - 2, "weight": 2.0**53, "created_at": "2026-03-31T22:30:00+02:00"},
    {"size": 2**63, "weight": "heavy", "created_at": "soon", "valid": "maybe", "name": ["x", "y"]},
    {"properties": None, "tags": None, "name": "", "description": None, "status": ""},
    {"name": "x" * 8191, "format": "f" * 8191, "properties": {"os": "p" * 8191}},
    {"name": "x" * 8192, "format": "f" * 8192, "properties": {"os": "p" * 8192}},
    {"size": 2**63 - 1, "format": "f" * 16_384, "properties": {"os": "日" * 16_384}},
    {"size": -(2**63), "properties": {"sep\x1fkey": "v", "sep": "key\x1fv", "os": "日" * 16_383}},
    {"properties": {"sep\x1fkey": "w", "sep": "v", "version": "2", "_mine": "yes"}, "tags": ["…"]},
]
