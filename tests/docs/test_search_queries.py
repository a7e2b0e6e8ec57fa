"""The reference of search says what the parser does: names, examples, refusals and limits."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict

import pytest

from catalog.indexing.documents import Field, FieldType, sources
from search import aggregations, opt_in, query_resolver, resolving
from search.errors import QueryRefused
from search.parsing import aggregations as aggregation_parser
from search.parsing import bodies, dsl, freetext, querystring, reading
from search.query_resolver import resolve_query
from search.requests import BUCKETS, WINDOW
from search.schema import Schema, build
from tests.docs.pages import DOCS, blocks

PAGE = DOCS / "reference" / "search-queries.md"
TEXT = PAGE.read_text(encoding="utf-8")
LIMITS = {
    "offset and limit together": WINDOW,
    "depth of a query, or of a query string": dsl.DEPTH,
    "clauses of a query, or of a query string": dsl.CLAUSES,
    "values of `terms` and `ids`": dsl.VALUES,
    "characters of a text to search for": reading.LONGEST_TEXT,
    "characters of a value": reading.LONGEST_VALUE,
    "words of free text": freetext.MOST_WORDS,
    "aggregations": aggregation_parser.MOST,
    "levels of aggregations": aggregation_parser.DEPTH,
    "buckets of an aggregation": BUCKETS,
    "`?` in a pattern": query_resolver.MOST_ANY_ONE,
    "`?` after a `*` and letters": query_resolver.MOST_BEHIND,
    "`*` in a pattern": query_resolver.MOST_ANY_RUN,
    "words, values and patterns that a query looks up, for each field": query_resolver.LOOKUPS,
    "characters of all texts to search for, those of query strings counted 4 times": dsl.CHARACTERS,
    "values of all `terms` lists together": dsl.OF_LISTS,
}


def table(head: str) -> list[list[str]]:
    """The rows of the table whose first column has this head."""
    _, _, rest = TEXT.partition(f"| {head} |")
    rows = rest.split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def codes(cells: Iterable[str]) -> list[str]:
    return [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]


def first(head: str) -> list[str]:
    """The one code that begins each row."""
    return [codes([row[0]])[0] for row in table(head)]


@pytest.fixture(scope="module")
def schema() -> Schema:
    return build(sources().values(), {"hw_cpu_cores": FieldType.LONG})


def described(field: Field) -> tuple[str, str, str]:
    """A row of the table of fields."""
    kind = f"{field.type.value}{', several' if field.many else ''}"
    weight = f", weight {field.boost:g}" if field.boost != 1 else ""
    marks = [f"free text{weight}"] * field.free_text + ["facet"] * field.facet
    return f"`{field.name}`", kind, ", ".join(marks)


def test_fields_are_those_that_documents_declare(schema: Schema) -> None:
    declared = [described(one) for one in schema.fields if not one.hidden]
    written = [(row[0], row[1], row[2] if len(row) > 2 else "") for row in table("field")]
    assert [tuple(part.strip(" |") for part in row) for row in written] == declared


def test_keys_queries_and_aggregations_are_those_that_are_understood(schema: Schema) -> None:
    opened = set(opt_in.parameters())
    assert set(codes(row[1].split(":")[0] for row in table("left out"))) == opened
    assert set(codes(row[0] for row in table("key"))) == bodies._KEYS | opened
    assert set(codes(row[0] for row in table("query"))) == set(dsl._Parser(schema)._readers)
    understood = {*aggregation_parser._READERS, *aggregation_parser.STATS}
    assert set(codes(row[0] for row in table("aggregation"))) == understood
    assert all(f"`{alias}`" in TEXT for alias in resolving.ALIASES)


@pytest.mark.parametrize("text", [one.text for one in blocks(PAGE) if one.kind == "json"])
def test_examples_are_understood(text: str, schema: Schema) -> None:
    question = bodies.parse(schema, json.loads(text))
    resolve_query(schema, question.query)
    assert asdict(question)["types"] in {(), ("OS::Glance::Image",)}
    aggregations.typed(schema, question.aggregations)


@pytest.mark.parametrize("text", first("written"))
def test_query_strings_are_understood(text: str, schema: Schema) -> None:
    resolve_query(schema, querystring.parse(schema, text))


@pytest.mark.parametrize("text", first("refused"))
def test_refusals_are_refused(text: str, schema: Schema) -> None:
    with pytest.raises(QueryRefused):
        querystring.parse(schema, text)


@pytest.mark.parametrize(
    "date", ["2026", "2026-01", "2026-01-31T12:00:00Z", "now", "now-7d", "now/d", "2026-01-01||+1M"]
)
def test_dates_are_read(date: str, schema: Schema) -> None:
    assert f"`{date}`" in TEXT
    resolve_query(schema, dsl.parse(schema, {"range": {"created_at": {"gte": date}}}))


def test_limits_are_those_of_the_code() -> None:
    assert {row[0]: int(row[1]) for row in table("limit")} == LIMITS
    assert (querystring.DEPTH, querystring.CLAUSES) == (dsl.DEPTH, dsl.CLAUSES)
    assert dsl.OF_STRINGS == 4
