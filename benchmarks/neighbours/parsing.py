"""A neighbour whose bodies are long lists of short things."""

import json
from collections.abc import Callable
from itertools import count

from typing_extensions import override

from benchmarks.neighbours.member import IMAGES, PATCH, SEARCH, SIGN_IN, Member
from benchmarks.neighbours.neighbour import Neighbour

MANY = 300_000
FEWER = 100_000
"""So many operations fit into a body of 4 MB."""


class ManyKeys(Neighbour):
    """Sends 300 000 keys, tags or names, and 100 000 operations, in bodies that are just short enough."""

    name = "many keys"

    @override
    def prepare(self, member: Member) -> None:
        self._image = member.ask("POST", IMAGES, {"name": "keys"}).json()["id"]
        self._bodies = [json.dumps(make(), separators=(",", ":")).encode() for make in _BODIES]
        operation = b'{"op":"add","path":"/k%d","value":""}'
        self._bodies.append(b"[%b]" % b",".join(operation % n for n in range(FEWER)))

    @override
    def turn(self, member: Member, number: int) -> None:
        which = next(_TURNS) % len(_REQUESTS)
        method, path, kind = _REQUESTS[which]
        path = path.format(image=self._image)
        known = path != SIGN_IN
        member.ask(method, path, self._bodies[which], number=number, kind=kind, known=known)

    @override
    def clean(self, member: Member) -> None:
        member.ask("DELETE", f"{IMAGES}/{self._image}")


_BODIES: tuple[Callable[[], object], ...] = (
    lambda: {f"k{n}": "" for n in range(MANY)},
    lambda: {"name": "tags", "tags": [f"t{n}" for n in range(MANY)]},
    lambda: {"query": {"terms": {"name": [f"n{n}" for n in range(MANY)]}}},
    lambda: {"query": {"bool": {"should": [{"ids": {"values": []}}] * FEWER}}},
    lambda: {"auth": {"identity": {"methods": [f"m{n}" for n in range(MANY)]}}},
    lambda: {"url": "http://127.0.0.1/", "validation_data": {f"k{n}": 0 for n in range(MANY)}},
)
_JSON = "application/json"
_REQUESTS = (
    ("POST", IMAGES, _JSON),
    ("POST", IMAGES, _JSON),
    ("POST", SEARCH, _JSON),
    ("POST", SEARCH, _JSON),
    ("POST", SIGN_IN, _JSON),
    ("POST", IMAGES + "/{image}/locations", _JSON),
    ("PATCH", IMAGES + "/{image}", PATCH),
)
_TURNS = count()
