"""What an index holds, read past the service: tantivy's files by tantivy, Elasticsearch's by HTTP."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tantivy

from tests.support.checker import IMAGE, Index


def embedded(folder: Path) -> Callable[[], Index]:
    """Images in the embedded engine's folder."""

    def read() -> Index:
        generation = (folder / "CURRENT").read_text(encoding="ascii").strip()
        index = tantivy.Index.open(str(folder / generation / "index"))
        index.reload()
        searcher = index.searcher()
        if not searcher.num_docs:
            return {}
        hits = searcher.search(tantivy.Query.all_query(), searcher.num_docs).hits
        addresses = [address for _, address in hits]
        versions = searcher.fast_field_values("_version", addresses)
        found: dict[str, tuple[int, dict[str, Any]]] = {}
        for address, version in zip(addresses, versions, strict=True):
            document = searcher.doc(address)
            if (identity := document.get_first("_identity")) is None:
                continue  # it remembers a deletion
            kind, key = json.loads(bytes(identity))
            if kind == IMAGE:
                assert key not in found, f"{key} is in the index twice"
                found[key] = (int(version), json.loads(bytes(document.get_first("_body"))))
        return found

    return read


def elasticsearch(url: str, prefix: str) -> Callable[[], Index]:
    """Images in Elasticsearch, at most ten thousand."""

    def read() -> Index:
        _ask("POST", f"{url}/{prefix}/_refresh")
        query = {
            "size": 10_000,
            "version": True,
            "query": {"term": {"resource_type": IMAGE}},
        }
        hits = _ask("POST", f"{url}/{prefix}/_search", query)["hits"]["hits"]
        assert len(hits) < 10_000
        return {
            hit["_source"]["body"]["id"]: (hit["_version"], hit["_source"]["body"]) for hit in hits
        }

    return read


def _ask(method: str, url: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        url,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
