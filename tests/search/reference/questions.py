"""What is asked of all: fixed questions, each for a rule, and as many random ones as wanted."""

import random
from collections.abc import Callable
from typing import Any

from tests.search.reference.documents import FORMATS, LONG, OWNERS, STATUSES, SYSTEMS, TAGS

Query = dict[str, Any]


def string(text: str, **options: Any) -> Query:
    return {"query_string": {"query": text, **options}}


def every(text: str, **options: Any) -> Query:
    return string(text, default_operator="AND", **options)


BOTH, NAMED = ["name", "description"], ["name", "tags"]
FIXED: list[Query] = [
    string("*:*"),
    string("*", fields=["description", "os_distro"]),
    string("status:active && visibility:public"),
    string("status:active || visibility:public"),
    string("!status:active"),
    string("web !server"),
    string("web AND !server OR quick"),
    string("web && !(server || quick)"),
    string("web&&server"),
    string("web ! server"),
    string("web - server"),
    string("web + server"),
    string("quick AND fox OR debian"),
    string("quick OR fox AND debian"),
    string("+quick -fox debian"),
    string("-fox"),
    string("NOT fox"),
    string("(-fox) quick"),
    every("quick OR fox debian"),
    every("web OR +server"),
    every("+web OR +server"),
    every("+web OR server"),
    every("web OR -server"),
    every("-web OR server"),
    every("web … server"),
    every("web … server", fields=BOTH),
    every("web AND … AND server"),
    every("… AND (…) AND web"),
    every("(… …)"),
    every("…"),
    string("…"),
    string("-… web"),
    string("NOT …"),
    string("name:(… web)"),
    string('"…"'),
    string('"web … server"'),
    every("web server"),
    every("web server", fields=BOTH),
    every("web server", fields=NAMED),
    string("web server", fields=NAMED),
    string("golden web quick"),
    every("golden web"),
    every("golden", fields=NAMED),
    every("web 7", fields=["name", "description", "format"]),
    string("my tag", default_field="tags"),
    string('tags:"my tag"'),
    string("tags:(my tag)"),
    string("tags:(golden silver)"),
    string("tags:(golden OR silver)"),
    string("name:(quick fox)"),
    every("name:(quick fox)"),
    every("name:quick fox"),
    string("name:(quick description:web)"),
    string('name:"quick brown"'),
    string('"quick brown"'),
    string('"my tag"'),
    string("22.04"),
    every("Café-Über"),
    string("Café/Über".replace("/", "\\/")),
    string("cafe"),
    string("日本"),
    string("qui*"),
    string("QUI*"),
    string("?uick"),
    string("name:*"),
    string("name:q*k"),
    string("tags:g*"),
    string("tags:*e*"),
    string("_exists_:size"),
    string("_exists_:os_distro AND NOT _exists_:cores"),
    string("size:>-1"),
    string("size:>=-1"),
    string("size:<9"),
    string("size:(>8 AND <=10)"),
    string("size:[-1 TO 9]"),
    string("size:{7 TO *]"),
    string("size:1024.0"),
    string("size:1e1"),
    string("size:1024.5"),
    string("size:9007199254740993"),
    string("size:9223372036854775807"),
    string("weight:2.5"),
    string("valid:true"),
    string("created_at:2026-01-02"),
    string("created_at:[2026-01-02 TO 2026-01-15]"),
    string("created_at:{2026-01-02 TO 2026-01-15}"),
    string("created_at:[2026-01-15||/M TO 2026-01-02||+1M]"),
    string("created_at:<=2026-02"),
    string("created_at:>2026-02"),
    string("os_distro:ubuntu"),
    string("os_distro.keyword:ubuntu"),
    string("properties.os_distro:ubuntu"),
    string('os_distro:"Ubuntu Core"'),
    string("os_distro:(Ubuntu Core)"),
    string("os_distro:x\\/y"),
    string("format:A\\:b"),
    string("_mine:yes"),
    string("properties._mine:yes"),
    string("version:1.0"),
    string("a.b:dot"),
    string("cores:7"),
    string("cores:1024.0"),
    string("cores:[2 TO 8]"),
    string("cores:>=9223372036854775807"),
    string("born:2026-02-03"),
    string("on:true"),
    string("\\u0077eb"),
    string("web", default_field="description"),
    string("   "),
    {"term": {"size": "1024.0"}},
    {"term": {"size": 1024.0}},
    {"term": {"cores": "1024.0"}},
    {"term": {"cores": 7}},
    {"term": {"size": -(2**63)}},
    {"terms": {"size": ["9", 10.0, 2**63 - 1]}},
    {"term": {"ratio": "1000"}},
    {"term": {"ratio": 1024}},
    {"range": {"size": {"gte": "1024.0", "lt": "9007199254740993.0"}}},
    {"range": {"size": {"gt": 6.5, "lte": 9.5}}},
    {"range": {"weight": {"gt": -3.25, "lte": 7}}},
    {"range": {"cores": {"gt": 1, "lt": 2**63 - 1}}},
    {"range": {"os_distro": {"gte": "U", "lt": "v"}}},
    {"range": {"tags": {"gt": "golden", "lte": "web"}}},
    {"range": {"name.raw": {"gte": "a", "lt": "q"}}},
    {"range": {"created_at": {"lte": "2026-01-28||+1d"}}},
    {"range": {"created_at": {"lte": "2026-02||/M"}}},
    {"range": {"created_at": {"lte": "2026-02-15||-1M/M"}}},
    {"range": {"created_at": {"lt": "2026-02-15||/d"}}},
    {"range": {"created_at": {"gt": "2026-02-15||/d"}}},
    {"range": {"created_at": {"gte": "2026-02-15||/d"}}},
    {"range": {"created_at": {"lte": "2026-02-15||"}}},
    {"range": {"created_at": {"gte": 1769904000000, "lt": "1772323200000"}}},
    {"range": {"created_at": {"gt": 2026, "lte": 1769904000000}}},
    {"term": {"created_at": "2026-01-02"}},
    {"term": {"created_at": "2026-01-02T23:59:59.999Z"}},
    {"term": {"os_distro.keyword": "ubuntu"}},
    {"term": {"properties.os_distro.keyword": "ubuntu"}},
    {"term": {"name.raw": "web"}},
    {"term": {"a.b": "dot"}},
    {"term": {"sep\x1fkey": "v"}},
    {"term": {"sep": "key\x1fv"}},
    {"prefix": {"sep": "key"}},
    {"range": {"sep": {"gte": "key"}}},
    {"range": {"sep\x1fkey": {"lt": "w"}}},
    {"exists": {"field": "sep\x1fkey"}},
    {"exists": {"field": "_mine"}},
    {"exists": {"field": "long"}},
    {"exists": {"field": "nowhere"}},
    *({"term": {"long": value}} for value in LONG.values()),
    {"terms": {"properties.long": list(LONG.values())[1:3]}},
    {"prefix": {"long": "12000 ab"}},
    {"wildcard": {"long": "1*ab"}},
    {"range": {"long": {"gte": "12000", "lt": "2"}}},
    {"match": {"name": "quick FOX"}},
    {"match": {"name": {"query": "quick fox", "operator": "AND"}}},
    {"match": {"name": "…"}},
    {"match": {"tags": "my tag"}},
    {"match": {"tags": "golden silver"}},
    {"match": {"size": "1024.0"}},
    {"match_phrase": {"name": "quick brown"}},
    {"match_phrase": {"description": "web server"}},
    {"multi_match": {"query": "web server", "fields": BOTH}},
    {"multi_match": {"query": "web server", "operator": "and", "fields": BOTH}},
    {"multi_match": {"query": "golden web", "operator": "and", "fields": NAMED}},
    {"multi_match": {"query": "web golden"}},
    {"multi_match": {"query": "web golden", "operator": "and"}},
    {"multi_match": {"query": "quick bro", "type": "bool_prefix", "fields": BOTH}},
    {
        "multi_match": {
            "query": "quick bro",
            "type": "bool_prefix",
            "operator": "and",
            "fields": BOTH,
        }
    },
    {
        "multi_match": {
            "query": "web gol",
            "type": "bool_prefix",
            "operator": "and",
            "fields": NAMED,
        }
    },
    {"multi_match": {"query": "web", "type": "bool_prefix", "fields": ["name", "format"]}},
    {"multi_match": {"query": "web gol", "type": "bool_prefix", "operator": "and"}},
    {"multi_match": {"query": "quick brown", "type": "phrase", "fields": BOTH}},
    {"multi_match": {"query": "…", "type": "bool_prefix", "fields": BOTH}},
    {"ids": {"values": ["00000003-3", "nothing"]}},
    {"bool": {}},
    {"bool": {"should": [{"term": {"owner": "p0"}}], "minimum_should_match": 0}},
    {"bool": {"filter": {"term": {"owner": "p0"}}, "minimum_should_match": 1}},
    {"bool": {"filter": {"term": {"owner": "p0"}}, "should": {"term": {"valid": True}}}},
    {"bool": {"must_not": {"exists": {"field": "name"}}}},
]
"""The same answer from all: raw Elasticsearch, plain Python, both engines."""

REFUSED: list[Query] = [
    string("na*:web"),
    string("n?me:web"),
    string("a:b:c"),
    string("(("),
    string("()"),
    string("web)"),
    string("name:"),
    string("AND web"),
    string("web AND"),
    string("web OR OR server"),
    string("NOT NOT web"),
    string("+-web"),
    string('"web'),
    string("[1 TO"),
    string("web\\"),
    string("size:big"),
    string("size:>"),
    {"term": {"size": "big"}},
    {"range": {"size": {"gte": "big"}}},
    {"range": {"created_at": {"gte": "2026-13-01"}}},
    {"range": {"created_at": {"gte": "2026-01-01||+1x"}}},
]
"""Elasticsearch refuses these, too."""

SORTS: list[list[Any]] = [
    [{"size": "asc"}],
    [{"size": "desc"}],
    [{"cores": "asc"}],
    [{"cores": {"order": "desc"}}],
    [{"weight": "desc"}, {"name.raw": "asc"}],
    ["created_at"],
    [{"tags": "asc"}],
    [{"tags": "desc"}, {"updated_at": "desc"}],
    [{"valid": "asc"}, {"status": "desc"}],
    [{"os_distro.keyword": "asc"}, {"size": "asc"}],
    [{"ratio": "asc"}, {"born": "desc"}],
    [{"long": "desc"}],
]
AGGREGATIONS: list[dict[str, Any]] = [
    {"terms": {"field": "status"}},
    {"terms": {"field": "tags", "size": 3}},
    {"terms": {"field": "os_distro", "order": {"_key": "desc"}}},
    {"terms": {"field": "os_distro.keyword"}},
    {"terms": {"field": "sep\x1fkey"}},
    {"terms": {"field": "sep"}},
    {"terms": {"field": "version"}},
    {"terms": {"field": "cores", "size": 3}},
    {"terms": {"field": "valid"}},
    {"terms": {"field": "status"}, "aggs": {"w": {"stats": {"field": "weight"}}}},
    {"stats": {"field": "ratio"}},
    {"min": {"field": "created_at"}},
    {"value_count": {"field": "size"}},
    {"range": {"field": "weight", "ranges": [{"to": 0}, {"from": 0, "to": 7}, {"from": 7}]}},
    {"date_range": {"field": "created_at", "ranges": [{"to": "2026-02"}, {"from": "2026-02"}]}},
    {"date_histogram": {"field": "created_at", "calendar_interval": "month"}},
    {"histogram": {"field": "ratio", "interval": 250}},
]


def questions(seed: int, count: int) -> list[Query]:
    """The same ones for a seed."""
    chance = random.Random(seed)
    return [_any(chance, 0) for _ in range(count)]


TERMS = [
    "web",
    "server",
    "debian",
    "quick",
    "brown",
    "fox",
    "cafe",
    "Über",
    "22.04",
    "日本",
    "golden",
    "…",
    "none",
]
KEYWORDS = {
    "status": STATUSES, "owner": OWNERS, "format": [f for f in FORMATS if f], "tags": TAGS,
    "os_distro": SYSTEMS, "properties.os_distro": SYSTEMS, "_mine": ["yes", "no"], "version": ["1.0", "2"],
    "sep": ["key\x1fv", "key", "v"], "os_distro.keyword": SYSTEMS,
}  # fmt: skip
NUMBERS = {
    "size": [0, 7, 9, 10, 1024, -1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), "1024.0", 9.5],
    "cores": [1, 2, "4", 7, "1024.0", 2**63 - 1],
    "weight": [0.5, "2.5", -3.25, 7, 1e18],
    "ratio": [0.5, "2.5", 1000, "1024.0"],
}
MOMENTS = [
    "2026", "2026-01", "2026-02-15", "2026-01-28T12:30", "2026-02-01T23:59:59.999Z", "2026-01-15||+1M/d",
    "2026-02||/M", "2026-03-02||-1d", "2026-02-15T12:00:00||/h", "1769904000000",
]  # fmt: skip
DATES = ["created_at", "updated_at", "born"]


def _any(chance: random.Random, depth: int) -> Query:
    if depth < 3 and chance.random() < 0.3:
        return _bool(chance, depth)
    kinds: list[Callable[[random.Random], Query]] = [
        _term, _terms, _number, _range, _moments, _texts, _begins, _match, _match, _multi, _multi,
        _string, _string, _string, _string, _exists,
    ]  # fmt: skip
    return chance.choice(kinds)(chance)


def _bool(chance: random.Random, depth: int) -> Query:
    parts: dict[str, Any] = {}
    for occur in ("must", "filter", "should", "must_not"):
        if chance.random() < 0.5:
            parts[occur] = [_any(chance, depth + 1) for _ in range(chance.randint(1, 3))]
    if "should" in parts and chance.random() < 0.4:
        parts["minimum_should_match"] = chance.choice([0, 1, 2, -1, "50%", "-25%"])
    return {"bool": parts}


def _keyword(chance: random.Random) -> tuple[str, str]:
    name = chance.choice(list(KEYWORDS))
    return name, chance.choice(KEYWORDS[name])


def _term(chance: random.Random) -> Query:
    name, value = _keyword(chance)
    return {"term": {name: chance.choice([value, {"value": value}])}}


def _terms(chance: random.Random) -> Query:
    name = chance.choice(list(KEYWORDS))
    return {"terms": {name: chance.sample(KEYWORDS[name], min(2, len(KEYWORDS[name])))}}


def _number(chance: random.Random) -> Query:
    name = chance.choice(list(NUMBERS))
    return {"term": {name: chance.choice(NUMBERS[name])}}


def _bounds(chance: random.Random, values: list[Any]) -> dict[str, Any]:
    low, high = chance.choice(["", "gt", "gte"]), chance.choice(["lt", "lte"])
    return {side: chance.choice(values) for side in (low, high) if side}


def _range(chance: random.Random) -> Query:
    name = chance.choice(list(NUMBERS))
    return {"range": {name: _bounds(chance, NUMBERS[name])}}


def _moments(chance: random.Random) -> Query:
    return {"range": {chance.choice(DATES): _bounds(chance, MOMENTS)}}


def _texts(chance: random.Random) -> Query:
    name = chance.choice(list(KEYWORDS))
    return {"range": {name: _bounds(chance, KEYWORDS[name])}}


def _begins(chance: random.Random) -> Query:
    name, value = _keyword(chance)
    if chance.random() < 0.5:
        return {"prefix": {name: value[:2]}}
    return {"wildcard": {name: chance.choice([value[:1] + "*", "*" + value[-1:], "?" + value[1:]])}}


def _exists(chance: random.Random) -> Query:
    return {"exists": {"field": chance.choice([*KEYWORDS, *NUMBERS, *DATES, "name", "nowhere"])}}


def _phrase(chance: random.Random) -> str:
    return " ".join(chance.choice(TERMS) for _ in range(chance.randint(1, 3)))


def _match(chance: random.Random) -> Query:
    name = chance.choice(["name", "name", "description", "tags"])
    if chance.random() < 0.3:
        return {"match_phrase": {name: _phrase(chance)}}
    return {"match": {name: {"query": _phrase(chance), "operator": chance.choice(["and", "or"])}}}


def _multi(chance: random.Random) -> Query:
    fields = chance.choice([BOTH, NAMED, ["description"], ["name", "description", "format"], None])
    kind = chance.choice(["best_fields", "bool_prefix", "phrase"])
    found: dict[str, Any] = {"query": _phrase(chance), "type": kind}
    if kind == "bool_prefix":
        found["query"] = found["query"][:-1] or "w"
    if kind != "phrase":
        found["operator"] = chance.choice(["and", "or"])
    return {"multi_match": found | ({"fields": fields} if fields else {})}


def _string(chance: random.Random) -> Query:
    options: dict[str, Any] = {"query": _clauses(chance, 0)}
    if chance.random() < 0.5:
        options["default_operator"] = "AND"
    if chance.random() < 0.4:
        options["fields"] = chance.choice([BOTH, NAMED, ["name"]])
    return {"query_string": options}


def _clauses(chance: random.Random, depth: int) -> str:
    found = _clause(chance, depth)
    for _ in range(chance.randrange(4)):
        joined = chance.choice([" ", " ", " ", " AND ", " && ", " OR ", " || "])
        found += joined + _clause(chance, depth)
    return found


def _clause(chance: random.Random, depth: int) -> str:
    sign = chance.choice(["", "", "", "", "+", "-", "NOT ", "!"])
    if depth < 2 and chance.random() < 0.2:
        field = chance.choice(["", "", "name:", "tags:"])
        return f"{sign}{field}({_words(chance) if field else _clauses(chance, depth + 1)})"
    return sign + _atom(chance)


def _words(chance: random.Random) -> str:
    return chance.choice([" ", " OR ", " AND ", " && "]).join(
        chance.choice(TERMS) for _ in range(chance.randint(1, 3))
    )


def _atom(chance: random.Random) -> str:  # noqa: PLR0911 - one for each kind
    word = chance.choice(TERMS)
    match chance.randrange(12):
        case 0:
            return f'"{_phrase(chance)}"'
        case 1:
            return f"name:{word}"
        case 2:
            return chance.choice(["we*", "*er", "q?ick", "name:b*", "tags:*e*", "status:a*"])
        case 3:
            return chance.choice(
                ["size:>-1", "size:<10", "size:[0 TO 10}", "cores:>=4", "weight:{0 TO *]"]
            )
        case 4:
            return chance.choice(
                ["created_at:<=2026-02", "created_at:[2026-01-15||/M TO 2026-02-15||/d]"]
            )
        case 5:
            return chance.choice(["_exists_:size", "_exists_:os_distro", "*:*", "name:*"])
        case 6:
            return chance.choice(["os_distro:ubuntu", 'os_distro:"Ubuntu Core"', "os_distro:x\\/y"])
        case 7:
            return chance.choice(
                ["status:active", "visibility:public", "valid:true", "tags:golden"]
            )
        case _:
            return word
