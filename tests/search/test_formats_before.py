"""An index folder of an older release answers and takes writes until it has been built anew."""

import shutil
from pathlib import Path

import pytest

from catalog.indexing.documents import FieldType
from catalog.query import Range, Sort, Term
from search import engines, index_maintenance
from search.engines.embedded.engine import EmbeddedEngine
from search.relay import drain
from search.requests import Buckets, SearchRequest, TermsAggregation
from search.schema import FORMAT
from tests.search.shelf import Books

pytestmark = pytest.mark.django_db
FOLDER = "format-1"
"""Made by the release of that format: the four books below, `cores` typed as whole numbers."""
TIMES = ["2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z", "plain", "=plain"]


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedEngine:
    shutil.unpack_archive(Path(__file__).with_name(f"{FOLDER}.zip"), tmp_path)
    engine = EmbeddedEngine(tmp_path / FOLDER)
    monkeypatch.setattr(engines, "current", lambda: engine)
    return engine


def found(engine: EmbeddedEngine, **request: object) -> list[str]:
    return [hit.id for hit in engine.search(SearchRequest(**request)).hits]  # type: ignore[arg-type]


def test_the_format_before_goes_on_until_the_index_is_built_anew(
    old: EmbeddedEngine, books: Books, declared: dict[str, FieldType]
) -> None:
    declared["cores"] = FieldType.LONG
    assert old.live().schema.format == 1 < FORMAT
    for n, when in enumerate(TIMES):
        books.write(f"b{n}", pages=n, properties={"cores": str(n), "when": when})
    by_number = {"query": Range("cores", gte=1), "sorts": (Sort("cores", descending=True),)}
    assert found(old, **by_number) == ["b3", "b2", "b1"]
    assert found(old, query=Term("when", TIMES[0])) == ["b0"]
    books.write("b4", properties={"cores": "4", "when": "plain"})
    books.delete("b3")
    drain()
    assert old.live().schema.format == 1
    assert found(old, **by_number) == ["b4", "b2", "b1"]
    index_maintenance.keep()
    assert old.live().schema.format == FORMAT
    assert found(old, **by_number) == ["b4", "b2", "b1"]
    assert found(old, sorts=(Sort("when"), Sort("cores"))) == ["b1", "b0", "b2", "b4"]
    counted = old.search(SearchRequest(aggregations={"x": TermsAggregation("when", 10)}))
    buckets = counted.aggregations["x"]
    assert isinstance(buckets, Buckets)
    assert {one.key: one.count for one in buckets.buckets} == {
        TIMES[0]: 1, TIMES[1]: 1, "plain": 2,
    }  # fmt: skip
