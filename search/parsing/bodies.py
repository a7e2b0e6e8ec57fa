"""The body of `POST /search/v1/search`, read into a `CallerSearch`."""

from collections.abc import Mapping
from typing import Any

from catalog.conf import section
from catalog.errors import Forbidden
from catalog.indexing.documents import sources
from catalog.query import Sort
from search import opt_in
from search.caller_search import CallerSearch, Highlight, SourceFilter
from search.conf import SearchConfig
from search.errors import QueryRefused
from search.parsing import aggregations, dsl
from search.parsing.reading import boolean, choice, known, listed, mapping, text, whole
from search.requests import WINDOW
from search.schema import Schema

DEFAULT_SIZE, SORTS, HIGHLIGHTED = 25, 8, 100
INDEX_NAMES = ("searchlight-search", "searchlight")
_KEYS = {
    "query", "type", "index", "limit", "size", "offset", "from", "sort", "_source", "highlight",
    "aggs", "aggregations", "all_projects", "version",
}  # fmt: skip


class ReadOnlyKey(Forbidden):
    """A part of the request that only the service writes."""

    code = "search_read_only"


def parse(schema: Schema, body: Mapping[str, Any]) -> CallerSearch:
    """The question of a body; QueryRefused for anything that is not understood."""
    if read_only := sorted({"self", "schema"} & body.keys()):
        raise ReadOnlyKey(f"{read_only[0]} is read-only")
    known(body, "the search", _KEYS | set(opt_in.parameters()))
    limited, skipped = _given(body, "limit", "size"), _given(body, "offset", "from")
    size = whole(body.get(limited, DEFAULT_SIZE), limited, most=WINDOW)
    offset = whole(body.get(skipped, 0), skipped, most=WINDOW)
    if size + offset > WINDOW:
        raise QueryRefused(f"{skipped} and {limited} together must not pass {WINDOW}")
    _index(body.get("index"))
    query, said = dsl.parse(schema, body.get("query", {"match_all": {}})), opt_in.said(body)
    return CallerSearch(
        query=opt_in.narrowed(schema, query, said),
        types=_types(body.get("type")),
        sorts=_sorts(body.get("sort")),
        size=size,
        offset=offset,
        aggregations=aggregations.parse(body.get(_given(body, "aggs", "aggregations"), {})),
        source=_source(body.get("_source", True)),
        highlight=_highlight(body["highlight"]) if "highlight" in body else None,
        all_projects=boolean(body.get("all_projects", False), "all_projects"),
        opened=frozenset(said),
        version=boolean(body.get("version", False), "version"),
    )


def _given(body: Mapping[str, Any], one: str, other: str) -> str:
    """The name that the body uses, of two that mean the same; the first when it uses none."""
    if one in body and other in body:
        raise QueryRefused(f"{one} and {other} mean the same; give one of them")
    return other if other in body else one


def _types(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    wanted = tuple(text(one, "type") for one in listed(value, "type", most=1000))
    if unknown := sorted(set(wanted) - sources().keys()):
        raise QueryRefused(
            f"there is no resource type {', '.join(unknown)}; there are {', '.join(sorted(sources()))}"
        )
    return tuple(dict.fromkeys(wanted))


def _index(value: Any) -> None:
    if value is None:
        return
    names = {*INDEX_NAMES, section(SearchConfig).index_prefix}
    for one in listed(value, "index", most=10):
        choice(one, "index", names)


def _sorts(value: Any) -> tuple[Sort, ...]:
    if value is None:
        return ()
    if not isinstance(value, str | Mapping | list):
        raise QueryRefused("sort must be a text, an object or a list")
    return tuple(one for item in listed(value, "sort", most=SORTS) for one in _sort(item))


def _sort(item: Any) -> list[Sort]:
    if isinstance(item, str):
        name, _, direction = item.rpartition(":")
        if name and direction in {"asc", "desc"}:
            return [Sort(name, descending=direction == "desc")]
        return [Sort(item, descending=item == "_score")]
    found = []
    keys = mapping(item, "sort")
    if len(keys) > SORTS:
        raise QueryRefused(f"sort has more than {SORTS} parts")
    for name, given in keys.items():
        if name.endswith((":asc", ":desc")):
            field, _, order = name.rpartition(":")
            raise QueryRefused(f'sort: write {{"{field[:80]}": "{order}"}}, or "{name[:80]}" alone')
        options = given if isinstance(given, Mapping) else {"order": given}
        known(options, f"sort.{name}", {"order", "missing", "unmapped_type"})
        choice(options.get("missing", "_last"), f"sort.{name}.missing", {"_last"})
        default = "desc" if name == "_score" else "asc"
        order = choice(options.get("order", default), f"sort.{name}", {"asc", "desc"})
        found.append(Sort(name, descending=order == "desc"))
    return found


def _source(value: Any) -> SourceFilter:
    if isinstance(value, bool):
        return SourceFilter(wanted=value)
    if isinstance(value, str | list):
        return SourceFilter(includes=_patterns(value, "_source"))
    options = mapping(value, "_source")
    known(options, "_source", {"include", "includes", "exclude", "excludes"})
    taken, left = _given(options, "include", "includes"), _given(options, "exclude", "excludes")
    return SourceFilter(
        includes=_patterns(options.get(taken, []), f"_source.{taken}"),
        excludes=_patterns(options.get(left, []), f"_source.{left}"),
    )


def _patterns(value: Any, where: str) -> tuple[str, ...]:
    return tuple(text(one, where) for one in listed(value, where, most=100))


def _highlight(value: Any) -> Highlight:
    options = mapping(value, "highlight")
    shared = {"pre_tags", "post_tags", "fragment_size", "number_of_fragments", "encoder",
              "require_field_match"}  # fmt: skip
    known(options, "highlight", {"fields", *shared})
    given = options.get("fields", {})
    parts = given if isinstance(given, list) else [given]
    fields: dict[str, Mapping[str, Any]] = {}
    if sum(len(mapping(part, "highlight.fields")) for part in parts) > HIGHLIGHTED:
        raise QueryRefused(f"highlight.fields has more than {HIGHLIGHTED} parts")
    for part in parts:
        fields.update(part)
    merged = dict(options)
    for name, own in fields.items():
        known(mapping(own, f"highlight.{name}"), f"highlight.{name}",
              {"fragment_size", "number_of_fragments"})  # fmt: skip
        merged |= own
    return Highlight(
        fields=tuple(fields),
        before=_tag(options, "pre_tags", "<em>"),
        after=_tag(options, "post_tags", "</em>"),
        size=whole(merged.get("fragment_size", 100), "fragment_size", least=1, most=10_000),
        fragments=whole(merged.get("number_of_fragments", 5), "number_of_fragments", most=100),
        any_field=not boolean(options.get("require_field_match", False), "require_field_match"),
        escape=choice(options.get("encoder", "default"), "encoder", {"default", "html"}) == "html",
    )


def _tag(options: Mapping[str, Any], name: str, default: str) -> str:
    given = listed(options.get(name, [default]), f"highlight.{name}", most=1)
    return text(given[0], f"highlight.{name}") if given else default
