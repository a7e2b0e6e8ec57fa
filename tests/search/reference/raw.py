"""A raw Elasticsearch: an index of its own with a mapping of its own, asked as anybody asks one."""

import json
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any

from tests.search.reference.documents import PROPERTIES

KEYWORD = {"type": "keyword"}
IDEOGRAPHS = "\\u4e00-\\u9fff"
ANALYSIS = {
    "tokenizer": {
        "words": {
            "type": "pattern",
            "pattern": rf"[{IDEOGRAPHS}]|[0-9]+(?:[.,][0-9]+)+|[\p{{L}}\p{{N}}&&[^{IDEOGRAPHS}]]+",
            "group": 0,
        },
        "tags": {"type": "pattern", "pattern": r"\S*[\p{L}\p{N}]\S*", "group": 0},
    },
    "analyzer": {
        "words": {"tokenizer": "words", "filter": ["lowercase", "asciifolding"]},
        "tags": {"tokenizer": "tags"},
    },
}
TEXT = {"type": "text", "analyzer": "words"}
WHOLE = {
    "type": "text",
    "analyzer": "keyword",
    "search_analyzer": "tags",
    "search_quote_analyzer": "keyword",
}
"""A keyword in which free text looks for its words one by one."""


def mapping() -> dict[str, Any]:
    """Properties lie below `properties`, and by their bare names as well."""
    twin = {"fields": {"keyword": KEYWORD}}
    own = {
        key: {"type": kind} | (twin if kind == "keyword" else {})
        for key, kind in PROPERTIES.items()
    }
    return {
        "properties": {
            "name": {**TEXT, "fields": {"raw": KEYWORD}},
            "description": {**TEXT, "fields": {"raw": KEYWORD}},
            "property_text": TEXT,
            "tags": {**KEYWORD, "fields": {"words": WHOLE}},
            **dict.fromkeys(("id", "status", "visibility", "owner", "format"), KEYWORD),
            "size": {"type": "long"},
            "weight": {"type": "double"},
            "valid": {"type": "boolean"},
            "created_at": {"type": "date"},
            "updated_at": {"type": "date"},
            "properties": {"properties": own},
            **own,
        }
    }


class Raw:
    """The index; `drop` removes it."""

    def __init__(self, address: str, name: str, documents: Mapping[str, Any]) -> None:
        self._index = f"{address.rstrip('/')}/{name}"
        settings = {
            "number_of_shards": 1,
            "number_of_replicas": 0,
            "query.default_field": ["name", "description", "property_text", "tags.words"],
        }
        self._ask(
            "PUT",
            "",
            {"settings": {"index": settings, "analysis": ANALYSIS}, "mappings": mapping()},
        )
        lines: list[Any] = []
        for id_, body in documents.items():
            lines += [{"index": {"_id": id_}}, {"id": id_, **body.get("properties", {}), **body}]
        answer = self._ask("POST", "/_bulk?refresh=true", lines)
        if answer["errors"]:
            raise AssertionError(answer)

    def answers(self, bodies: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One answer per body, errors as Elasticsearch writes them."""
        found: list[dict[str, Any]] = []
        several = list(bodies)
        for start in range(0, len(several), 100):
            lines: list[Any] = []
            for body in several[start : start + 100]:
                lines += [{}, {"size": 1000, "track_total_hits": True, "_source": False, **body}]
            found += self._ask("POST", "/_msearch", lines)["responses"]
        return found

    def drop(self) -> None:
        self._ask("DELETE", "", None)

    def _ask(self, method: str, path: str, body: Any) -> Any:
        several = isinstance(body, list)
        text = "".join(json.dumps(one) + "\n" for one in body) if several else json.dumps(body)
        kind = "application/x-ndjson" if several else "application/json"
        request = urllib.request.Request(
            self._index + path,
            data=None if body is None else text.encode(),
            headers={"Content-Type": kind},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
