"""Search v1 as clients meet it."""

from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from catalog.conf import CatalogConfig
from catalog.indexing.documents import FieldType
from catalog.models import Delivery
from search import index_maintenance
from search.conf import SearchConfig
from search.engine import Engine
from search.relay import drain
from tests.search.shelf import BOOK, MAGAZINE, Books, Magazines
from tests.support.http import Http
from tests.support.identity import make_admin, make_project, make_user, token_for

pytestmark = pytest.mark.django_db
SEARCH = "/search/v1/search"


class Caller(Http):
    def __init__(self, token: str, project: str) -> None:
        super().__init__(token)
        self.project = project

    def post(self, body: Any, **query: str) -> Any:
        return self.call(
            "POST", SEARCH + (f"?consistency={query['consistency']}" if query else ""), body
        )

    def search(self, **body: Any) -> Any:
        answer = self.post(body)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def ids(self, **body: Any) -> list[str]:
        found = self.search(**body)["hits"]
        assert found["total"] >= len(found["hits"])
        return [hit["_id"] for hit in found["hits"]]

    def refused(self, **body: Any) -> str:
        answer = self.post(body)
        assert answer.status_code == 400, answer.content
        said = answer.json()
        assert said["code"] in {"query_refused", "unknown_field", "invalid_body"}
        return str(said["detail"])

    def read(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.content
        return answer.json()


@pytest.fixture
def ada(db: None) -> Caller:
    project = make_project("ours")
    return Caller(token_for(make_user("ada", project), project), project.pk)


@pytest.fixture
def bob(db: None) -> Caller:
    project = make_project("theirs")
    return Caller(token_for(make_user("bob", project), project), project.pk)


@pytest.fixture
def root(db: None) -> Caller:
    user, project = make_admin()
    return Caller(token_for(user, project), project.pk)


@pytest.fixture
def library(engine: Engine, books: Books, magazines: Magazines, ada: Caller, bob: Caller) -> Engine:
    """Five books and a magazine: ada's, bob's, and public ones."""

    def book(id_: str, owner: Caller, visibility: str, **body: Any) -> None:
        books.write(
            id_,
            project_id=owner.project,
            owner=owner.project,
            visibility=visibility,
            created_at=f"2026-01-{len(books.rows) + 1:02}T10:00:00.5+00:00",
            property_text=["hidden words"],
            secret="s3cret",
            **body,
        )

    book("b1", ada, "private", name="Quick brown fox", pages=9, tags=["red"], status="active")
    book("b2", ada, "public", name="Lazy dog", pages=10, tags=["red", "blue"], status="active")
    book("b3", bob, "private", name="Quick silver", pages=100, tags=["blue"], status="queued")
    book("b4", bob, "public", name="Brown bear", pages=None, description="a <b>bold</b> bear")
    book("b5", bob, "shared", name="Shared tale", members=[ada.project], properties={"os": "x/y"})
    magazines.write("b1", name="Quick weekly", issue=7)
    drain()
    engine.refresh()
    return engine


def test_who_is_not_known_finds_nothing(client: Client, library: Engine) -> None:
    for path in (SEARCH, f"{SEARCH}/plugins", f"{SEARCH}/facets"):
        assert client.get(path).status_code == 401
    assert client.post(SEARCH, {}, content_type="application/json").status_code == 401


def test_versions_are_told_to_anybody(client: Client) -> None:
    for path in ("/search", "/search/"):
        answer = client.get(path)
        assert answer.status_code == 300
        (version,) = answer.json()["versions"]
        assert (version["id"], version["status"]) == ("v1.0", "CURRENT")
        assert version["links"][0]["href"].endswith("/search/v1/")
    for path in ("/search/v1", "/search/v1/", "/search/v1.0"):
        assert client.get(path).status_code == 200


def test_everybody_finds_what_the_rights_let_through(
    library: Engine, ada: Caller, bob: Caller, root: Caller
) -> None:
    by_id = [{"resource_type": "asc"}, {"id": "asc"}]
    assert ada.ids(sort=by_id) == ["b1", "b2", "b4", "b5", "b1"]
    assert bob.ids(sort=by_id) == ["b2", "b3", "b4", "b5", "b1"]
    assert root.ids(sort=by_id) == ["b2", "b4", "b1"], "as its project does"
    assert root.ids(sort=by_id, all_projects=True) == ["b1", "b2", "b3", "b4", "b5", "b1"]
    assert ada.ids(sort=by_id, all_projects=True) == ["b1", "b2", "b4", "b5", "b1"]
    assert root.ids(sort=by_id, all_projects=True, type=MAGAZINE) == ["b1"]
    assert ada.ids(query={"ids": {"values": ["b3"]}}) == []
    assert ada.ids(query={"bool": {"must_not": [{"match_all": {}}]}}) == []
    assert ada.search(query={"bool": {"must_not": {"term": {"pages": 9}}}})["hits"]["total"] == 4


def test_counts_tell_nothing_of_what_is_hidden(library: Engine, ada: Caller, bob: Caller) -> None:
    asked = {
        "tags": {"terms": {"field": "tags"}},
        "pages": {"stats": {"field": "pages"}},
        "months": {"date_histogram": {"field": "created_at", "calendar_interval": "month"}},
    }
    found = ada.search(size=0, aggs=asked)
    assert found["hits"]["hits"] == []
    counts = found["aggregations"]
    assert counts["tags"]["buckets"] == [
        {"key": "red", "doc_count": 2},
        {"key": "blue", "doc_count": 1},
    ]
    assert counts["pages"] == {"count": 2, "min": 9.0, "max": 10.0, "avg": 9.5, "sum": 19.0}
    assert [b["doc_count"] for b in counts["months"]["buckets"]] == [4]
    assert bob.search(size=0, aggregations=asked)["aggregations"]["pages"]["max"] == 100.0
    assert ada.post({"aggs": {"all": {"global": {}}}}).status_code == 403


def test_the_reply_is_shaped_as_searchlights(library: Engine, ada: Caller) -> None:
    found = ada.search(
        query={"match": {"name": "quick"}},
        type=BOOK,
        version=True,
        highlight={"fields": {"name": {}}},
        sort=[{"pages": {"order": "desc"}}],
    )
    assert found["timed_out"] is False
    assert found["_shards"] == {"total": 1, "successful": 1, "failed": 0}
    assert found["hits"]["total"] == 1
    (hit,) = found["hits"]["hits"]
    assert hit["_index"] == library.live().name
    assert (hit["_id"], hit["_type"], hit["_version"], hit["sort"]) == ("b1", BOOK, 1, [9])
    assert hit["highlight"] == {"name": ["<em>Quick</em> brown fox"]}
    assert hit["_source"]["created_at"] == "2026-01-01T10:00:00.5+00:00"
    scored = ada.search(query={"match": {"name": "quick"}})
    assert scored["hits"]["max_score"] == max(h["_score"] for h in scored["hits"]["hits"])
    assert "sort" not in scored["hits"]["hits"][0]
    assert "_version" not in scored["hits"]["hits"][0]


def test_hidden_fields_are_neither_named_nor_seen(
    library: Engine, ada: Caller, root: Caller
) -> None:
    for hit in root.search(highlight={"fields": {"*": {}}}, query="hidden words")["hits"]["hits"]:
        assert not {"members", "property_text", "secret"} & hit["_source"].keys()
        assert "highlight" not in hit
    assert ada.ids(query="hidden words", type=BOOK, sort="id") == ["b1", "b2", "b4", "b5"]
    for name in ("members", "secret", "property_text", "property_keys"):
        assert name in ada.refused(query={"term": {name: "x"}})
        assert name in ada.refused(query={"query_string": {"query": f"{name}:x"}})
        assert name in ada.refused(sort=name)
        assert name in ada.refused(aggs={"a": {"terms": {"field": name}}})
        assert name in ada.refused(highlight={"fields": {name: {}}})
    assert ada.ids(query={"exists": {"field": "properties.members"}}) == []


def test_bodies_are_presented_to_the_actor_before_anything_is_marked(
    library: Engine, ada: Caller, root: Caller
) -> None:
    asked = {"query": {"match": {"description": "bold"}}, "highlight": {"fields": {"*": {}}}}
    (hit,) = ada.search(**asked)["hits"]["hits"]
    assert "description" not in hit["_source"]
    assert "highlight" not in hit
    (hit,) = root.search(**asked)["hits"]["hits"]
    assert hit["highlight"] == {"description": ["a <b><em>bold</em></b> bear"]}
    safe = asked | {"highlight": {"fields": {"description": {}}, "encoder": "html"}}
    (hit,) = root.search(**safe)["hits"]["hits"]
    assert hit["highlight"] == {"description": ["a &lt;b&gt;<em>bold</em>&lt;/b&gt; bear"]}


def test_parts_of_bodies(library: Engine, ada: Caller) -> None:
    def sources(wanted: Any) -> Any:
        found = ada.search(query={"term": {"id": "b5"}}, _source=wanted)
        return found["hits"]["hits"][0].get("_source")

    assert sources(False) is None
    assert sources("name") == {"name": "Shared tale"}
    assert sources(["na*", "properties.os"]) == {"name": "Shared tale", "properties": {"os": "x/y"}}
    assert sources({"include": ["properties"]}) == {"properties": {"os": "x/y"}}
    assert "properties" not in sources({"exclude": ["prop*", "name"]})
    assert "name" in sources(True)


def test_pages(library: Engine, ada: Caller) -> None:
    assert ada.ids(type=BOOK, sort="id", limit=2) == ["b1", "b2"]
    assert ada.ids(type=BOOK, sort="id", size=2, offset=2) == ["b4", "b5"]
    assert ada.ids(type=BOOK, sort="id", **{"from": 3}) == ["b5"]
    assert ada.ids(type=BOOK, sort="id", limit=0) == []
    assert ada.ids(type=BOOK, sort=["name"]) == ["b4", "b2", "b1", "b5"]
    assert ada.ids(type=[BOOK], sort=[{"pages": "desc"}, "id"]) == ["b2", "b1", "b4", "b5"]
    assert "10000" in ada.refused(offset=9999, limit=2)


@pytest.mark.parametrize(
    ("body", "about"),
    [
        ({"limit": 1, "size": 1}, "limit"),
        ({"from": 1, "offset": 1}, "offset"),
        ({"aggs": {}, "aggregations": {}}, "aggs"),
        ({"limit": -1}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 10_001}, "limit must be a whole number from 0 to 10000"),
        ({"size": 10_001}, "size must be a whole number from 0 to 10000"),
        ({"offset": 10_001}, "offset must be a whole number from 0 to 10000"),
        ({"from": 10_001}, "from must be a whole number from 0 to 10000"),
        ({"size": 6000, "from": 6000}, "from and size together must not pass 10000"),
        ({"limit": 6000, "offset": 6000}, "offset and limit together must not pass 10000"),
        ({"_source": {"includes": 5}}, "_source.includes"),
        ({"_source": {"exclude": [5]}}, "_source.exclude "),
        ({"sort": 5}, "sort"),
        ({"sort": {"name": "sideways"}}, "sort"),
        ({"sort": [{"name": {"order": "asc", "mode": "min"}}]}, "mode"),
        ({"sort": ["name", "_score"]}, "_score"),
        ({"type": "OS::No::Such"}, "OS::No::Such"),
        ({"type": 5}, "type"),
        ({"index": "other"}, "index"),
        ({"_source": 5}, "_source"),
        ({"_source": {"include": ["a"], "only": 1}}, "only"),
        ({"highlight": {"fields": {"name": {"type": "plain"}}}}, "type"),
        ({"highlight": {"fields": {"name": {}}}, "limit": 5000}, "1000"),
        ({"script_fields": {}}, "script_fields"),
        ({"post_filter": {}, "query": {"match_all": {}}}, "post_filter"),
        ({"version": "yes"}, "version"),
        ({"all_projects": 1}, "all_projects"),
        ({"query": {"regexp": {"name": "x"}}}, "regexp"),
        ({"query": {"range": {"pages": {"gte": "many"}}}}, "pages"),
        ({"aggs": {"x": {"top_hits": {}}}}, "top_hits"),
        ({"aggs": {"x": {"terms": {"field": "name"}, "stats": {"field": "pages"}}}}, "one kind"),
    ],
    ids=str,
)
def test_what_is_not_understood_is_named(
    library: Engine, ada: Caller, body: dict[str, Any], about: str
) -> None:
    assert about in ada.refused(**body)


def test_bodies_that_are_none(library: Engine, ada: Caller) -> None:
    for content in ("", "{", "[]", '"x"'):
        answer = ada.call("POST", SEARCH, content)
        assert answer.status_code == 400, content
    for key in ("self", "schema"):
        assert ada.post({key: "x"}).status_code == 403
    assert ada.call("PUT", SEARCH).status_code == 405
    answer = ada.call("GET", SEARCH, '{"limit": 1}')
    assert len(answer.json()["hits"]["hits"]) == 1


def test_waiting_for_what_is_owed(
    library: Engine, ada: Caller, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ada.post({"type": BOOK}, consistency="wait")
    assert answer.headers["X-Vitrine-Consistent"] == "true"
    assert answer.json()["consistent"] is True
    books.write("late")
    brief = replace(settings.VITRINE[SearchConfig], wait_limit=0.2)
    monkeypatch.setitem(settings.VITRINE, SearchConfig, brief)
    answer = ada.call("POST", SEARCH, {}, X_Vitrine_Consistency="wait")
    assert answer.status_code == 200
    assert answer.headers["X-Vitrine-Consistent"] == "false"
    assert answer.json()["consistent"] is False
    assert "consistent" not in ada.search()
    assert ada.post({}, consistency="soon").status_code == 400
    Delivery.objects.all().delete()


def test_types_that_may_be_searched(library: Engine, ada: Caller) -> None:
    found = ada.read(f"{SEARCH}/plugins")["plugins"]
    assert [one["type"] for one in found] == [BOOK, MAGAZINE]
    assert all(one["alias-searching"] for one in found)


def test_facets(
    library: Engine, ada: Caller, bob: Caller, books: Books, declared: dict[str, FieldType]
) -> None:
    declared |= {"cores": FieldType.LONG, "unused": FieldType.LONG}
    books.write("b6", properties={"cores": "4"}, project_id=ada.project, visibility="private")
    drain()
    index_maintenance.keep()
    library.refresh()
    found = ada.read(f"{SEARCH}/facets?type={BOOK}")[BOOK]
    assert found["doc_count"] == 5
    by_name = {one["name"]: one for one in found["facets"]}
    assert by_name["tags"]["options"] == [
        {"key": "red", "doc_count": 2},
        {"key": "blue", "doc_count": 1},
    ]
    assert by_name["name"]["facet_field"] == "name.raw"
    assert by_name["pages"] == {"name": "pages", "type": "long"}
    assert by_name["properties.cores"]["options"] == [{"key": 4, "doc_count": 1}]
    assert not {"members", "secret", "properties.unused", "issue"} & by_name.keys()
    theirs = bob.read(f"{SEARCH}/facets")
    assert theirs.keys() == {BOOK, MAGAZINE}
    assert "properties.cores" not in {one["name"] for one in theirs[BOOK]["facets"]}
    assert "issue" in {one["name"] for one in theirs[MAGAZINE]["facets"]}
    assert ada.read(f"{SEARCH}/facets?include_fields=false&type={BOOK}") == {BOOK: {"doc_count": 5}}
    bare = ada.read(f"{SEARCH}/facets?exclude_options=true&type={BOOK}")[BOOK]["facets"]
    assert not any("options" in one for one in bare)
    short = ada.read(f"{SEARCH}/facets?limit_terms=1&type={BOOK}")[BOOK]["facets"]
    assert len({one["name"]: one for one in short}["tags"]["options"]) == 1
    for wrong in ("type=OS::No", "limit_terms=x", "include_fields=maybe", "fields=x"):
        assert ada.get(f"{SEARCH}/facets?{wrong}").status_code == 400


def test_operators_rules_bound_the_search(
    library: Engine, ada: Caller, root: Caller, rules: Any
) -> None:
    rules(f'"resource:{BOOK}": "role:admin"\n"search:query:aggregations": "role:admin"\n')
    assert ada.ids() == ["b1"], "the type is left out"
    assert len(root.ids(all_projects=True)) == 6
    answer = ada.post({"type": BOOK})
    assert answer.status_code == 403
    assert BOOK in answer.json()["detail"]
    asked = {"aggs": {"t": {"terms": {"field": "tags"}}}}
    assert ada.post(asked).status_code == 403
    assert root.post(asked).status_code == 200
    assert [one["type"] for one in ada.read(f"{SEARCH}/plugins")["plugins"]] == [MAGAZINE]
    rules('"search:query": "!"\n"search:facets": "!"\n"search:plugins_info": "!"\n')
    assert root.post({}).status_code == 403
    for path in ("facets", "plugins"):
        assert root.get(f"{SEARCH}/{path}").status_code == 403


def test_without_an_index_the_search_is_unavailable(bare: Engine, ada: Caller) -> None:
    answer = ada.post({})
    assert answer.status_code == 503
    assert answer.json()["code"] == "search_index_missing"


def test_a_page_of_heavy_documents_is_shorter_and_says_where_to_go_on(
    library: Engine, books: Books, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.engines.elasticsearch.searching.FIRST", 4)
    config = replace(settings.VITRINE[CatalogConfig], page_bytes=50_000)
    monkeypatch.setitem(settings.VITRINE, CatalogConfig, config)
    for number in range(10):
        books.write(f"h{number}", project_id=ada.project, properties={"heavy": "x" * 15_000})
    drain()
    library.refresh()
    asked = {"query": {"prefix": {"id": "h"}}, "sort": ["id"], "limit": 9}
    found: list[str] = []
    offset, lengths = 0, []
    while offset is not None:
        answer = ada.search(**asked, offset=offset)
        assert answer["hits"]["total"] == 10
        hits = [hit["_id"] for hit in answer["hits"]["hits"]]
        lengths.append(len(hits))
        found += hits
        offset = answer.get("next_offset")
    assert found == [f"h{number}" for number in range(10)]
    assert lengths == [3, 3, 3, 1]
    light = ada.search(**asked, _source=["id", "name"])
    assert len(light["hits"]["hits"]) == 9, "what is shown counts, and no more"
    assert "next_offset" not in light
    assert len(ada.search(**{**asked, "limit": 2})["hits"]["hits"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"aggs": {f"a{n}": {"terms": {"field": "tags"}} for n in range(33)}},
        {"sort": {f"field{n}": "asc" for n in range(9)}},
        {"highlight": {"fields": {f"field{n}": {} for n in range(101)}}},
        {"highlight": {"fields": [{f"field{n}": {}} for n in range(101)]}},
        {"type": [BOOK] * 1001},
        {"_source": ["a"] * 101},
        {"query": {"bool": {"should": [{"match_all": {}}] * 257}}},
        {"query": {"terms": {"tags": ["a"] * 1001}}},
        {"query": {"ids": {"values": ["a"] * 1001}}},
        {"aggs": {"r": {"range": {"field": "pages", "ranges": [{"from": 1}] * 51}}}},
    ],
)
def test_parts_are_counted(library: Engine, ada: Caller, body: Any) -> None:
    assert any(word in ada.refused(**body) for word in ("more than", "at most"))


def test_a_refusal_does_not_repeat_all_that_was_sent(library: Engine, ada: Caller) -> None:
    assert len(ada.refused(**{f"key{n}": 1 for n in range(10_000)})) < 1000
