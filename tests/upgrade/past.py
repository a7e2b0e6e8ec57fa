"""What the earlier version is asked to write, and what it leaves undone when it is killed."""

import os
import random
import signal
import socket
from dataclasses import dataclass, field
from typing import Any

from tests.support.checker import place
from tests.support.crash import Victim
from tests.support.patience import eventually
from tests.upgrade.caller import STREAM, TUS, Caller, add

VISIBILITIES = ("private", "shared", "community", "public")
NAMESPACE = "Upgrade"
FAT = 120
"""Properties of the fat image."""
LONG = 6000
"""Characters of each property of the fat image."""
CONTENT = random.Random(5).randbytes(300_000)
SPLIT = """
from artifacts.models import Blob, Location, StoredObject
first, second = (Blob.objects.get(artifact_id=one) for one in ({first!r}, {second!r}))
kept = Location.objects.get(blob=first)
other = Location.objects.get(blob=second)
gone = other.stored_object
Location.objects.filter(pk=other.pk).update(stored_object=kept.stored_object, url=kept.url)
gone.delete()
print(gone.key)
"""
"""As a takeover left two images of one file: both have the object, which counts one of them."""


@dataclass
class Past:
    """What is there, and how the earlier version showed it."""

    token: str = ""
    """Of the member, given out by the earlier version."""
    shown: dict[tuple[str, str], Any] = field(default_factory=dict)
    """Answers by who asked (`admin` or `member`) and address."""
    data: dict[str, bytes] = field(default_factory=dict)
    owned: dict[str, str] = field(default_factory=dict)
    """The member's images by visibility."""
    ownerless: dict[str, str] = field(default_factory=dict)
    guest: str = ""
    """The project that the shared image is shared with."""
    fat: str = ""
    twins: tuple[str, str] = ("", "")
    session: str = ""
    resumed: str = ""
    late: str = ""
    """Written when nobody carried it to the index any more."""
    wrong: str = ""
    """An image that the rules forbid since the worker stopped."""
    deleted: str = ""
    broken: str = ""
    """Its upload was under way when everything died."""


def write(victim: Victim) -> Past:
    """Fill the running service, stop its background work, write on, and kill it in the middle of an upload."""
    admin = Caller(victim.service, victim.service.token())
    past = Past(guest=_project(admin, "guest"))
    team = _project(admin, "team")
    past.token = victim.service.token("team", "password of team", "team")
    member = Caller(victim.service, past.token)
    _rules(admin, team)
    _images(admin, member, past)
    _fat(member, past)
    _twins(admin, victim, past)
    _session(member, past)
    past.wrong = member.image("wrong later", up_level="15")
    past.deleted = member.image("deleted")
    member.upload(past.deleted, CONTENT)
    eventually(lambda: past.wrong in member.found({"match_all": {}}))
    for name in ("relay", "worker"):
        os.kill(victim.processes()[name], signal.SIGSTOP)
    past.late = member.image("late", tags=["late"])
    admin.ask(
        "PUT",
        f"/image/v2/metadefs/namespaces/{NAMESPACE}/properties/level",
        {"name": "level", **level(10)},
    )
    member.ask("DELETE", f"/image/v2/images/{past.deleted}", expect=204)
    _look({"admin": admin, "member": member}, past)
    _break_off(member, past, victim)
    return past


def level(maximum: int) -> dict[str, Any]:
    return {"title": "Level", "type": "integer", "minimum": 0, "maximum": maximum}


def _project(admin: Caller, name: str) -> str:
    """A project with a member of the same name; its id."""
    identity = "/identity/v3"
    document = {"project": {"name": name}}
    project = str(admin.ask("POST", f"{identity}/projects", document, expect=201)["project"]["id"])
    user = {"user": {"name": name, "password": f"password of {name}"}}
    user_id = admin.ask("POST", f"{identity}/users", user, expect=201)["user"]["id"]
    for role in admin.ask("GET", f"{identity}/roles")["roles"]:
        if role["name"] in {"member", "reader"}:
            path = f"{identity}/projects/{project}/users/{user_id}/roles/{role['id']}"
            admin.ask("PUT", path, expect=204)
    return project


def _rules(admin: Caller, team: str) -> None:
    """Definitions for everybody, and others that one project keeps to itself."""
    association = {"name": "OS::Glance::Image", "prefix": "up_"}
    everybody = {
        "namespace": NAMESPACE,
        "visibility": "public",
        "resource_type_associations": [association],
        "properties": {"level": level(20)},
        "objects": [{"name": "thing", "properties": {"part": {"title": "P", "type": "string"}}}],
        "tags": [{"name": "tagged"}],
    }
    own = {
        "namespace": f"{NAMESPACE}::Own",
        "visibility": "private",
        "owner": team,
        "resource_type_associations": [association],
        "properties": {"count": {"title": "Count", "type": "integer"}},
    }
    for one in (everybody, own):
        admin.ask("POST", "/image/v2/metadefs/namespaces", one, expect=201)


def _images(admin: Caller, member: Caller, past: Past) -> None:
    """One of each visibility, owned and ownerless, most of them with data; one that is deactivated, one hidden."""
    for visibility in VISIBILITIES:
        owner = admin if visibility == "public" else member
        past.owned[visibility] = owner.image(
            f"owned {visibility}",
            visibility=visibility,
            tags=["upgrade", visibility],
            up_level="7",
            up_count="3",
            moment="2024-01-01T01:00:00+01:00",
        )
        past.ownerless[visibility] = admin.image(
            f"ownerless {visibility}", visibility=visibility, owner=None
        )
        for caller, one in ((owner, past.owned), (admin, past.ownerless)):
            content = random.Random(f"{visibility} {len(past.data)}").randbytes(50_000)
            caller.upload(one[visibility], content)
            past.data[one[visibility]] = content
    shared = f"/image/v2/images/{past.owned['shared']}/members"
    member.ask("POST", shared, {"member": past.guest})
    member.change(past.owned["private"], add("os_hidden", True))
    off = member.image("deactivated")
    member.upload(off, CONTENT)
    admin.ask("POST", f"/image/v2/images/{off}/actions/deactivate", expect=204)
    member.ask(
        "POST",
        "/image/v2/families",
        {"name": "latest", "image_id": past.owned["shared"]},
        expect=201,
    )


def _fat(member: Caller, past: Past) -> None:
    """More metadata than is allowed today, and a history of it."""
    past.fat = member.image("fat")
    for start in range(0, FAT, 50):
        names = range(start, min(start + 50, FAT))
        member.change(past.fat, *(add(f"fat_{n:03d}", f"{n:03d}" * (LONG // 3)) for n in names))


def _twins(admin: Caller, victim: Victim, past: Past) -> None:
    first, second = (admin.image(f"twin {n}") for n in range(2))
    for one in (first, second):
        admin.upload(one, CONTENT)
        past.data[one] = CONTENT
    done = victim.service.manage("shell", "-c", SPLIT.format(first=first, second=second))
    assert done.returncode == 0, done.stderr
    (victim.service.folder / "blobs" / place(done.stdout.split()[-1])).unlink()
    past.twins = first, second


def _session(member: Caller, past: Past) -> None:
    """An upload of which half was acknowledged."""
    past.resumed = member.image("resumed")
    path, length = f"/image/v2/images/{past.resumed}/uploads", str(len(CONTENT))
    _, headers = member.answer("POST", path, expect=201, **TUS, **{"Upload-Length": length})
    past.session = headers["location"]
    half = len(CONTENT) // 2
    member.answer(
        "PATCH",
        past.session,
        CONTENT[:half],
        expect=204,
        content_type="application/offset+octet-stream",
        **TUS,
        **{"Upload-Offset": "0"},
    )


def _look(callers: dict[str, Caller], past: Past) -> None:
    """How everything is shown before the upgrade."""
    images = [*past.owned.values(), *past.ownerless.values(), past.fat, *past.twins]
    paths = [f"/image/v2/images/{one}" for one in images]
    paths += [f"{path}/events" for path in paths if not path.endswith(past.fat)]
    paths += [
        f"/image/v2/images/{past.owned['shared']}/members",
        "/image/v2/metadefs/namespaces",
        f"/image/v2/metadefs/namespaces/{NAMESPACE}",
        f"/image/v2/metadefs/namespaces/{NAMESPACE}::Own",
        "/identity/v3/projects",
        "/identity/v3/users",
    ]
    asked = [("admin", path) for path in paths]
    asked.append(("member", "/image/v2/families/latest"))
    past.shown = {(who, path): callers[who].ask("GET", path) for who, path in asked}


def _break_off(member: Caller, past: Past, victim: Victim) -> None:
    """Everything dies in the middle of an upload."""
    past.broken = member.image("broken off")
    lines = [
        f"PUT /image/v2/images/{past.broken}/file HTTP/1.1",
        "Host: 127.0.0.1",
        f"X-Auth-Token: {member.token}",
        f"Content-Type: {STREAM}",
        f"Content-Length: {len(CONTENT)}",
    ]
    with socket.create_connection(("127.0.0.1", victim.service.port)) as sock:
        sock.sendall("\r\n".join([*lines, "", ""]).encode() + CONTENT[:100_000])
        path = f"/image/v2/images/{past.broken}"
        assert eventually(lambda: member.ask("GET", path)["status"] == "saving")
        victim.kill_all()
