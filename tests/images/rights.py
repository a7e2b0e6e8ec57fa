"""The cast of the rights matrix, its verbs, and how a cell is played: on a savepoint that is taken back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from artifacts.models import Artifact, Member
from catalog.actors import Actor
from catalog.errors import Forbidden, NotFound
from identity.models import Project
from images.selectors import image_for
from images.services import data
from tests.support.identity import actor_for, make_project
from tests.support.images import Caller

OK, NO, HIDDEN = "y", "n", "-"
MEMBERSHIPS = ("pending", "accepted", "rejected")


@dataclass(frozen=True)
class Person:
    """A caller by token, and the actor it is to services."""

    caller: Caller
    actor: Actor

    @property
    def project(self) -> str:
        return str(self.caller.project.pk)


def cast(*wanted: str) -> dict[str, Person]:
    """Everybody, or those wanted, by the name of a row of the matrix."""
    ours, theirs = make_project("ours"), make_project("theirs")
    friends = {status: make_project(status) for status in MEMBERSHIPS}
    people = {
        "admin": (make_project("administrators"), "admin"),
        "owner manager": (ours, "manager"),
        "owner member": (ours, "member"),
        "owner reader": (ours, "reader"),
        "owner service": (ours, "service"),
        "stranger manager": (theirs, "manager"),
        "stranger member": (theirs, "member"),
        "stranger reader": (theirs, "reader"),
        "stranger service": (theirs, "service"),
        **{f"{status} member": (friends[status], "member") for status in MEMBERSHIPS},
        "accepted manager": (friends["accepted"], "manager"),
        "accepted reader": (friends["accepted"], "reader"),
        "accepted service": (friends["accepted"], "service"),
    }
    return {name: _person(name, *people[name]) for name in wanted or people}


def _person(name: str, project: Any, role: str) -> Person:
    caller = Caller(name, project, (role,))
    return Person(caller, actor_for(caller.user, project))


def image_of(visibility: str, *, owner: str | None = "ours") -> str:
    """An image of the project `ours`, or of nobody, with every kind of member, tagged `old`."""
    projects = dict(Project.objects.values_list("name", "pk"))
    row = Artifact.objects.create(
        type="images",
        status="queued",
        visibility=visibility,
        project_id=projects[owner] if owner else None,
        disk_format="raw",
        container_format="bare",
    )
    row.tags.create(value="old")
    for status in MEMBERSHIPS:
        Member.objects.create(artifact=row, member_id=projects[status], status=status)
    return row.pk


Verb = Callable[[Person, str], int]


def sent(method: str, path: str, body: Any = None) -> Verb:
    def ask(one: Person, image_id: str) -> int:
        where = f"/v2/images/{image_id}{path.format(own=one.project)}"
        return int(one.caller.call(method, where, body).status_code)

    return ask


def _patched(name: str, value: Any) -> Verb:
    def ask(one: Person, image_id: str) -> int:
        change = {"op": "add", "path": f"/{name}", "value": value}
        return int(one.caller.patch(image_id, change).status_code)

    return ask


def _served(ask: Callable[[Artifact, Actor], object]) -> Verb:
    """The byte routes run outside Django: what they ask before the first byte."""

    def serve(one: Person, image_id: str) -> int:
        try:
            ask(image_for(one.actor, image_id), one.actor)
        except NotFound:
            return 404
        except Forbidden:
            return 403
        return 200

    return serve


def _with_status(status: str, verb: Verb) -> Verb:
    def ask(one: Person, image_id: str) -> int:
        Artifact.objects.filter(pk=image_id).update(status=status, size=3)
        return verb(one, image_id)

    return ask


def _listed(one: Person, image_id: str) -> int:
    answer = one.caller.call("GET", "/v2/images?limit=1000")
    if answer.status_code != 200:
        return int(answer.status_code)
    return 200 if image_id in {image["id"] for image in answer.json()["images"]} else 404


def _of_accepted(method: str, body: Any = None) -> Verb:
    def ask(one: Person, image_id: str) -> int:
        member = Member.objects.get(artifact=image_id, status="accepted").member_id
        where = f"/v2/images/{image_id}/members/{member}"
        return int(one.caller.call(method, where, body).status_code)

    return ask


VERBS: Mapping[str, Verb] = {
    "show": sent("GET", ""),
    "list": _listed,
    "patch": _patched("color", "red"),
    "tag": sent("PUT", "/tags/new"),
    "untag": sent("DELETE", "/tags/old"),
    "publicize": _patched("visibility", "public"),
    "communitize": _patched("visibility", "community"),
    "hide": _patched("visibility", "private"),
    "give away": _patched("owner", "somebody"),
    "delete": sent("DELETE", ""),
    "upload": _served(lambda image, actor: data.require_upload(image, actor=actor)),
    "download": _with_status(
        "active", _served(lambda image, actor: data.require_download(image, actor=actor))
    ),
    "download deactivated": _with_status(
        "deactivated", _served(lambda image, actor: data.require_download(image, actor=actor))
    ),
    "deactivate": _with_status("active", sent("POST", "/actions/deactivate")),
    "reactivate": _with_status("deactivated", sent("POST", "/actions/reactivate")),
    "add member": sent("POST", "/members", {"member": "somebody"}),
    "list members": sent("GET", "/members"),
    "show member": _of_accepted("GET"),
    "show own": sent("GET", "/members/{own}"),
    "accept": _of_accepted("PUT", {"status": "accepted"}),
    "answer own": sent("PUT", "/members/{own}", {"status": "pending"}),
    "remove member": _of_accepted("DELETE"),
}


def played(verb: str, one: Person, image_id: str) -> str:
    """The answer of one cell; the database is as before."""
    with transaction.atomic():
        before = _state(image_id)
        status = VERBS[verb](one, image_id)
        answer = {200: OK, 201: OK, 204: OK, 403: NO, 404: HIDDEN}.get(status, str(status))
        if answer != OK and verb not in STAGED:
            assert _state(image_id) == before, f"{verb} is refused and changes something"
        transaction.set_rollback(True)
    return answer


STAGED = frozenset({"download", "download deactivated", "deactivate", "reactivate"})
OF_MEMBERS = frozenset({"show member", "accept", "remove member"})
"""What names a member whom the verb looks up itself."""


def _state(image_id: str) -> list[Any]:
    return [
        Artifact.objects.filter(pk=image_id).values().get(),
        sorted(Member.objects.filter(artifact=image_id).values_list("member_id", "status")),
    ]
