"""Neighbours who ask the search for too much."""

import os
import signal
from itertools import count
from typing import Any, ClassVar

from typing_extensions import override

from benchmarks.neighbours.member import IMAGES, SEARCH, Member
from benchmarks.neighbours.neighbour import Neighbour

FREE_TEXT = ("name", "description", "tags", "properties.build_id", "properties.team")
PATTERNS = " OR ".join(f"*{n:02d}*" for n in range(64))
"""800 bytes or less."""


class Patterns(Neighbour):
    """Asks for 64 patterns that begin with an asterisk, on eight connections, and leaves before the answers."""

    name = "patterns, left"
    connections = 8
    rest = 1.0

    @override
    def turn(self, member: Member, number: int) -> None:
        question = {"query": {"query_string": {"query": PATTERNS}}}
        member.leave("POST", SEARCH, question, after=0.3)


class Clauses(Neighbour):
    """Asks questions of as many clauses, values, words and levels as are allowed, and waits for the answers."""

    name = "many clauses"

    @override
    def turn(self, member: Member, number: int) -> None:
        queries = clauses()
        query = queries[next(_TURNS) % len(queries)]
        member.ask("POST", SEARCH, {"query": query, "limit": 100}, number=number)


class Aggregations(Neighbour):
    """Asks for 32 times a thousand buckets, and for twelve in twelve in twelve of them."""

    name = "deep aggregations"

    @override
    def turn(self, member: Member, number: int) -> None:
        aggs = {f"a{n}": _terms("build_id") for n in range(32)}
        if next(_TURNS) % 2:
            aggs = {"a": _terms("build_id", 12, _terms("team", 12, _terms("os_version", 12)))}
        member.ask("POST", SEARCH, {"size": 0, "aggs": aggs}, number=number)


class DeepPages(Neighbour):
    """Asks for the last of ten thousand hits, sorted by eight properties, all words marked."""

    name = "deep pages of hits"

    @override
    def turn(self, member: Member, number: int) -> None:
        keys = ("team", "os_version", "architecture", "hw_disk_bus", "hw_vif_model", "os_type")
        question = {
            "query": {"query_string": {"query": "ubuntu OR debian OR linux OR virtio OR x86_64"}},
            "sort": [*keys, "name", {"created_at": "desc"}],
            "from": 9000,
            "size": 1000,
            "highlight": {"fields": {one: {} for one in (*FREE_TEXT, *keys)}},
        }
        member.ask("POST", SEARCH, question, number=number)


class Facets(Neighbour):
    """Asks for the facets of everything, with all their values."""

    name = "facets"

    @override
    def turn(self, member: Member, number: int) -> None:
        member.ask("GET", f"{SEARCH}/facets?all_projects=true", number=number)


class Waiters(Neighbour):
    """Writes and asks by `consistency=wait` for what nobody brings into the index: the relay is stopped."""

    name = "waiters, relay stopped"
    connections = 16
    spoils: ClassVar[frozenset[str]] = frozenset({"found"})

    @override
    def prepare(self, member: Member) -> None:
        image = {"name": "waited for", "disk_format": "raw", "container_format": "bare"}
        self._image = member.ask("POST", IMAGES, image).json()["id"]

    @override
    def turn(self, member: Member, number: int) -> None:
        if number == 0:
            self._stop(member)
        question = {"query": {"term": {"id": self._image}}}
        member.ask("POST", f"{SEARCH}?consistency=wait", question, number=number)

    def _stop(self, member: Member) -> None:
        """Stop the relay, at a moment at which it holds no lock: nobody could write beside it."""
        while not member.over:
            os.kill(member.place.relay, signal.SIGSTOP)
            tag = f"{IMAGES}/{self._image}/tags/{next(_TURNS)}"
            if member.ask("PUT", tag, patience=2.0).status:
                return
            os.kill(member.place.relay, signal.SIGCONT)
            member.pause(0.1)

    @override
    def rise(self, member: Member) -> None:
        os.kill(member.place.relay, signal.SIGCONT)

    @override
    def clean(self, member: Member) -> None:
        member.ask("DELETE", f"{IMAGES}/{self._image}")


def clauses() -> list[dict[str, Any]]:
    """The largest questions of each form."""
    wild = [{"wildcard": {"properties.build_id": f"*{n:03d}*"}} for n in range(250)]
    prefixes = [{"prefix": {"name": f"{letter}{n}"}} for letter in "abcdeuw" for n in range(30)]
    values = {"terms": {"properties.build_id": [f"b{n:08d}" for n in range(1000)]}}
    nested: dict[str, Any] = {"wildcard": {"name": "*0*"}}
    for level in range(15):
        nested = {"bool": {"must_not": [nested], "should": [{"prefix": {"name": f"{level}"}}]}}
    return [
        {"bool": {"should": wild}},
        {"bool": {"must_not": wild}},
        {"bool": {"should": prefixes}},
        {"bool": {"must": [values] * 60}},
        {"query_string": {"query": " OR ".join(f"team:*{n:03d}*" for n in range(240))}},
        {"query_string": {"query": " ".join(f"{n:06d}" for n in range(250))}},
        {"query_string": {"query": " OR ".join(["*"] * 250)}},
        {"query_string": {"query": " OR ".join(f"*{a}?{a}*" for a in "0123456789abcdef")}},
        {
            "multi_match": {
                "query": " ".join(map(str, range(32))),
                "fields": list(FREE_TEXT),
                "type": "bool_prefix",
            }
        },
        nested,
    ]


def _terms(field: str, size: int = 1000, inner: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"terms": {"field": field, "size": size}}
    return found | ({"aggs": {"inner": inner}} if inner else {})


_TURNS = count()
