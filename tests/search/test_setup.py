"""Settings and checks of search."""

import os
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core.checks import run_checks
from typing_extensions import override

from catalog.conf import ConfigurationError, parse
from catalog.indexing import documents
from catalog.indexing.documents import Field, FieldType
from search import engines
from search.conf import SearchConfig
from search.engine import Engine
from search.engines.elasticsearch.engine import ElasticsearchEngine
from search.errors import EngineUnavailable
from search.parsing import freetext
from search.query_resolver import resolve_query
from search.requests import SearchRequest
from search.schema import build
from tests.search.shelf import BOOK, MAGAZINE, Books, Magazines


@pytest.mark.parametrize(
    ("name", "value", "about"),
    [
        ("ENGINE", "solr", "must be one of"),
        ("ENGINE", "elasticsearch", "VITRINE_SEARCH_URL is required"),
        ("URL", "localhost:9200", "http://"),
        ("INDEX_PREFIX", "Upper", "lower-case"),
        ("INDEX_PREFIX", "", "lower-case"),
        ("WAIT_LIMIT", "0", "must lie between"),
        ("RELAY_BATCH", "-1", "must lie between"),
        ("SHARDS", "many", "VITRINE_SEARCH_SHARDS"),
    ],
)
def test_wrong_settings_are_told(name: str, value: str, about: str) -> None:
    with pytest.raises(ConfigurationError, match=about):
        parse(SearchConfig, {f"VITRINE_SEARCH_{name}": value}, {})


def test_several_nodes() -> None:
    found = parse(SearchConfig, {"VITRINE_SEARCH_URL": "http://a:9200, https://b:9200"}, {})
    assert found.addresses() == ["http://a:9200", "https://b:9200"]


def test_fields_that_contradict_each_other_stop_the_service(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [one for one in run_checks() if one.id == "search.E001"]

    class Odd(Magazines):
        fields = (Field("pages", FieldType.KEYWORD),)  # type: ignore[misc]

    monkeypatch.setattr(documents, "_sources", {BOOK: books, MAGAZINE: Odd()})
    assert [one.id for one in run_checks()].count("search.E001") == 1


@pytest.mark.django_db
def test_an_engine_that_is_away_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    away = ElasticsearchEngine(["http://127.0.0.1:9"], prefix="t", timeout=1.0, away_seconds=0)
    monkeypatch.setattr(engines, "current", lambda: away)
    warnings = [one.id for one in run_checks(databases=["default"])]
    assert warnings.count("search.W001") == 1
    questions: list[Any] = [
        away.live,
        away.refresh,
        away.check,
        lambda: away.search(SearchRequest()),
        lambda: away.versions([(BOOK, "a")]),
    ]
    for question in questions:
        with pytest.raises(EngineUnavailable, match="does not answer"):
            question()


def test_refused_credentials_are_told_without_naming_them() -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            body = b'{"error": {"type": "security", "reason": "unable to authenticate [someone]"}}'
            self.send_response(401)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        address = f"http://127.0.0.1:{server.server_port}"
        engine = ElasticsearchEngine([address], prefix="t", timeout=60.0)
        with pytest.raises(EngineUnavailable, match="credentials of VITRINE_SEARCH_URL") as refused:
            engine.live()
        server.shutdown()
        serving.join()
    assert "someone" not in refused.value.message


@pytest.mark.django_db
def test_an_engine_without_an_index_is_no_warning(bare: Engine) -> None:
    assert "search.W001" not in [one.id for one in run_checks(databases=["default"])]


def test_a_forked_process_has_an_engine_of_its_own() -> None:
    engines.current()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, b"%d" % engines.current.cache_info().currsize)
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    assert engines.current.cache_info().currsize == 1
    assert os.read(read, 8) == b"0", "a child that shares a connection reads its siblings' answers"
    os.close(read)


def test_free_text_takes_the_beginning_of_an_id_only_when_it_is_more_than_chance() -> None:
    def fields(text: str) -> set[str]:
        found = resolve_query(build([], {}), freetext.parse(text))
        return set(re.findall(r"PrefixMatch\(target=Target\(name='(\w+)'", repr(found)))

    assert "id" not in fields("13")
    assert "id" not in fields("linux")
    assert "tags" in fields("13")
    assert "id" in fields("1a2b3c")
