"""The same reads of two services, side by side: what a client would notice after the change."""

import hashlib
import json
import random
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from images.lifecycle import QUEUED
from images.takeover.mapping import OWN_PREFIX, UNFINISHED

ORDER = "images without a size sort as if they had none; Glance leaves it to its database"
NAMES = "names sort by the codes of their letters here; Glance leaves it to its database"
NOBODYS = "nobody owns the image: it is for administrators here until it is given an owner"
LOST = "the file is not there; to Glance it is empty: 204, and no range of it"
NO_DATA = "an image without data has no ranges: there is nothing to send"
SORTS = ("created_at:desc", "created_at:asc", "name:asc", "size:desc", "updated_at:asc")
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whom both services know."""

    name: str
    glance_token: str
    vitrine_token: str


@dataclass(frozen=True, slots=True)
class Read:
    """A GET below `/v2`."""

    kind: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`body`: the JSON document of a list or a show, the digest and the length of data."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """What two answers do not share; `why` is empty when nobody expects it."""

    caller: str
    path: str
    member: str
    glance: Any
    vitrine: Any
    why: str


def sample(ids: Sequence[str], count: int, *, seed: int) -> list[Read]:
    """Lists, shows and downloads in turn, the same for the same seed."""
    chosen = random.Random(seed)
    makers = (_list, _show, _show, _data)
    return [makers[number % len(makers)](chosen, ids) for number in range(count)]


def compare(
    glance: str, vitrine: str, caller: Caller, read: Read, *, timeout: float = 60
) -> Iterator[Difference]:
    """The differences of one read; `glance` and `vitrine` are addresses without `/v2`."""
    theirs = _ask(glance, caller.glance_token, read, timeout)
    ours = _ask(vitrine, caller.vitrine_token, read, timeout)
    if theirs.status != ours.status:
        why = _other_status(read, theirs.status, ours.status)
        if ours.status == 404 and theirs.status < 300 and _nobodys(glance, caller, read, timeout):
            why = NOBODYS
        yield Difference(caller.name, read.path, "", theirs.status, ours.status, why)
        return
    for member, one, other in _differing("", theirs.body, ours.body):
        why = _why(read, member, one, other)
        if member in {"images", "next"} and _names_by_code(read, theirs.body, ours.body):
            why = NAMES
        yield Difference(caller.name, read.path, member, one, other, why)


def _other_status(read: Read, theirs: int, ours: int) -> str:
    """Why another status is expected; empty when it is not."""
    if read.kind == "data" and ours == 503 and theirs == (416 if read.headers else 204):
        return LOST
    return NO_DATA if read.headers and ours == 204 and theirs in {416, 500} else ""


def _nobodys(glance: str, caller: Caller, read: Read, timeout: float) -> bool:
    """Whether the read is of an image that a Glance shows by its id alone."""
    if read.kind == "list":
        return False
    image = Read("show", read.path.removesuffix("/file"))
    shown = _ask(glance, caller.glance_token, image, timeout).body
    return isinstance(shown, dict) and (shown.get("owner"), shown.get("visibility")) == (
        None,
        "shared",
    )


def _why(read: Read, member: str, theirs: Any, ours: Any) -> str:
    """Why two answers may differ here; empty when nobody expects it."""
    name = member.rpartition(".")[2]
    if name.startswith(OWN_PREFIX):
        return "what Glance noted for itself is not taken over"
    if name == "status" and theirs in UNFINISHED and ours == QUEUED:
        return "an upload that ran in Glance must begin anew"
    if name == "stores":
        return "the stores have names of their own here"
    return ORDER if member in {"images", "next"} and "sort=size" in read.path else ""


def _names_by_code(read: Read, theirs: Any, ours: Any) -> bool:
    """Whether a list of ours is in order by the codes of letters, and lacks none of Glance's that belong into it."""
    more = "next" in ours
    if "sort=name" not in read.path or more != ("next" in theirs) or not ours["images"]:
        return False
    shown, names = {one["id"] for one in ours["images"]}, [_name(one) for one in ours["images"]]
    lacking = [_name(one) for one in theirs["images"] if one["id"] not in shown]
    # Pages may part at other images; whole lists hold the same ones.
    same = all(name >= names[-1] for name in lacking) if more else not lacking
    return names == sorted(names) and same and len(names) == len(theirs["images"])


def _name(image: dict[str, Any]) -> str:
    return image["name"] or ""


def _list(chosen: random.Random, _: Sequence[str]) -> Read:
    query: dict[str, str] = {"sort": chosen.choice(SORTS), "limit": str(chosen.choice((5, 20, 50)))}
    extra = chosen.choice(
        ({}, {"status": "active"}, {"visibility": "public"}, {"visibility": "all"}, {"owner": "x"})
    )
    return Read("list", f"/v2/images?{urllib.parse.urlencode(query | extra)}")


def _show(chosen: random.Random, ids: Sequence[str]) -> Read:
    return Read("show", f"/v2/images/{chosen.choice(ids)}")


def _data(chosen: random.Random, ids: Sequence[str]) -> Read:
    headers = chosen.choice(((), (("Range", "bytes=10-99"),)))
    return Read("data", f"/v2/images/{chosen.choice(ids)}/file", headers)


def _ask(base: str, token: str, read: Read, timeout: float) -> Answer:
    request = urllib.request.Request(  # noqa: S310 - the operator names the services
        base.rstrip("/") + read.path,
        headers={"X-Auth-Token": token, "Accept": "application/json", **dict(read.headers)},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - the same
            if read.kind != "data":
                return Answer(answer.status, json.load(answer))
            digest, size = hashlib.sha256(), 0
            while block := answer.read(BLOCK):
                digest.update(block)
                size += len(block)
            return Answer(answer.status, {"sha256": digest.hexdigest(), "size": size})
    except urllib.error.HTTPError as error:
        error.close()
        return Answer(error.code, None)


def _differing(member: str, theirs: Any, ours: Any) -> Iterator[tuple[str, Any, Any]]:
    """Paths into two documents with what stands there; images of lists are compared by their ids, in whatever order."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in sorted(theirs.keys() | ours.keys()):
            where = f"{member}.{name}".lstrip(".")
            yield from _differing(where, theirs.get(name), ours.get(name))
        return
    if member == "images" and isinstance(theirs, list) and isinstance(ours, list):
        ids = [[one["id"] for one in images] for images in (theirs, ours)]
        if ids[0] != ids[1]:
            yield member, ids[0], ids[1]
        known = {one["id"]: one for one in ours}
        for one in theirs:
            if one["id"] in known:
                yield from _differing(f"images.{one['id']}", one, known[one["id"]])
        return
    if member.rpartition(".")[2] == "tags":
        theirs, ours = sorted(theirs or ()), sorted(ours or ())
    if theirs != ours:
        yield member, theirs, ours
