"""Everything that is named in an address: what is made is reached by its name from each client, and nothing else is."""

import http.client
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import openstack
import pytest
import requests
from openstack.utils import urljoin

from artifacts.models import Alias, Artifact, Member, Tag
from catalog.names import InvalidName, require_addressable
from identity.models import ProjectTag, Region
from metadefs import models as metadefs
from tests.identity.factories import PASSWORD
from tests.support import shell
from tests.support.identity import make_admin, token_for
from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]
ODD = ["a/", "/a", "a/..", "..", ".", "a\nb", "\x7f", "a/./b"]
"""Names that no new thing has, and that older ones may have."""
FIXED = [
    "a/b",
    "reg:5000/app",
    "a//b",
    "c#",
    "a?b",
    "100%",
    "%2F",
    "a%2Fb",
    " a b ",
    "é☁",
    "...",
    "a+b",
    "moves",
]
LETTERS = [
    "a",
    "b",
    ".",
    "..",
    "/",
    " ",
    "%",
    "?",
    "#",
    "+",
    ":",
    "é",
    "\n",
    "\x7f",
    "2F",
    ";",
    "\\",
]
PROPERTY = {"title": "t", "type": "string"}


@dataclass(frozen=True)
class Thing:
    """A kind of named things: where its names stand, how one is made, and which there are.

    `never`: characters that none of its names has had; `own`: what else its names may not be; `read`: whether one is
    read by its address.
    """

    service: str
    parent: str
    make: Callable[[str], int]
    there: Callable[[], set[str]]
    store: Callable[[str], Any]
    read: bool = True
    never: str = ""
    own: Callable[[str], bool] = lambda _: False

    def address(self, spelled: str) -> str:
        return f"{self.parent}/{spelled}"


class World(ExitStack):
    """The service with an image, a namespace and a project, and an administrator who makes things in them."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        user, self.project = make_admin()
        self.server, self.token = server, token_for(user, self.project)
        self.bases = {"image": f"{server.url}/image/v2", "identity": f"{server.url}/identity/v3"}
        self.headers = {"X-Auth-Token": self.token}
        self.image = self.say("POST", "image", "/images", {"name": "i", "visibility": "shared"})[
            "id"
        ]
        self.say("POST", "image", "/metadefs/namespaces", {"namespace": "N"})
        self.namespace = metadefs.Namespace.objects.get(namespace="N")

    def say(self, method: str, service: str, path: str, body: Any) -> Any:
        answer = self.ask(method, service, path, body)
        assert answer.ok, answer.text
        return answer.json()

    def ask(self, method: str, service: str, path: str, body: Any, **headers: str) -> Any:
        address = self.bases[service] + path
        return requests.request(
            method, address, json=body, headers={**self.headers, **headers}, timeout=60
        )

    def post(self, service: str, path: str, **headers: str) -> Callable[[Any], int]:
        return lambda body: int(self.ask("POST", service, path, body, **headers).status_code)


def blank(name: str) -> bool:
    return not name.strip()


def padded(name: str) -> bool:
    return name != name.strip()


def image_tags(world: World) -> Thing:
    def make(name: str) -> int:
        change = {"op": "replace", "path": "/tags", "value": [*sorted(there()), name]}
        kind = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
        return world.ask("PATCH", "image", f"/images/{world.image}", [change], **kind).status_code

    def there() -> set[str]:
        return set(Tag.objects.values_list("value", flat=True))

    def store(name: str) -> None:
        Tag.objects.create(artifact_id=world.image, value=name)

    return Thing("image", f"/images/{world.image}/tags", make, there, store, read=False)


def members(world: World) -> Thing:
    parent = f"/images/{world.image}/members"
    return Thing(
        "image",
        parent,
        lambda name: world.post("image", parent)({"member": name}),
        lambda: set(Member.objects.values_list("member_id", flat=True)),
        lambda name: Member.objects.create(artifact_id=world.image, member_id=name),
    )


def namespaces(world: World) -> Thing:
    return Thing(
        "image",
        "/metadefs/namespaces",
        lambda name: world.post("image", "/metadefs/namespaces")({"namespace": name}),
        lambda: set(metadefs.Namespace.objects.values_list("namespace", flat=True)) - {"N"},
        lambda name: metadefs.Namespace.objects.create(namespace=name, owner=world.project.pk),
        never="/",
        own=blank,
    )


def properties(world: World) -> Thing:
    parent = "/metadefs/namespaces/N/properties"
    return Thing(
        "image",
        parent,
        lambda name: world.post("image", parent)({"name": name, **PROPERTY}),
        lambda: set(metadefs.Property.objects.values_list("name", flat=True)),
        lambda name: world.namespace.properties.create(name=name, definition=PROPERTY),
        own=blank,
    )


def objects(world: World) -> Thing:
    parent = "/metadefs/namespaces/N/objects"
    return Thing(
        "image",
        parent,
        lambda name: world.post("image", parent)({"name": name}),
        lambda: set(metadefs.Object.objects.values_list("name", flat=True)),
        lambda name: world.namespace.objects_defined.create(name=name),
        own=blank,
    )


def metadef_tags(world: World) -> Thing:
    parent = "/metadefs/namespaces/N/tags"
    append = {"X-Openstack-Append": "true"}
    return Thing(
        "image",
        parent,
        lambda name: world.post("image", parent, **append)({"tags": [{"name": name}]}),
        lambda: set(metadefs.Tag.objects.values_list("name", flat=True)),
        lambda name: world.namespace.tags.create(name=name),
        own=blank,
    )


def resource_types(world: World) -> Thing:
    parent = "/metadefs/namespaces/N/resource_types"

    def store(name: str) -> None:
        kind = metadefs.ResourceType.objects.create(name=name)
        world.namespace.associations.create(resource_type=kind)

    rows = metadefs.Association.objects
    return Thing(
        "image",
        parent,
        lambda name: world.post("image", parent)({"name": name}),
        lambda: set(rows.values_list("resource_type__name", flat=True)),
        store,
        read=False,
        own=blank,
    )


def families(world: World) -> Thing:
    def store(name: str) -> None:
        image = Artifact.objects.get(pk=world.image)
        Alias.objects.create(
            type="images",
            name=name,
            project_id=world.project.pk,
            target=image,
            visibility="private",
        )

    return Thing(
        "image",
        "/families",
        lambda name: world.post("image", "/families")({"name": name, "image_id": world.image}),
        lambda: set(Alias.objects.values_list("name", flat=True)),
        store,
        never="\n\x7f",
        own=padded,
    )


def project_tags(world: World) -> Thing:
    parent = f"/projects/{world.project.pk}/tags"

    def there() -> set[str]:
        return set(ProjectTag.objects.values_list("name", flat=True))

    return Thing(
        "identity",
        parent,
        lambda name: (
            world.ask("PUT", "identity", parent, {"tags": [*sorted(there()), name]}).status_code
        ),
        there,
        lambda name: ProjectTag.objects.create(project=world.project, name=name),
        never="/",
    )


def regions(world: World) -> Thing:
    return Thing(
        "identity",
        "/regions",
        lambda name: world.post("identity", "/regions")({"region": {"id": name}}),
        lambda: set(Region.objects.values_list("pk", flat=True)),
        lambda name: Region.objects.create(pk=name),
        never="/",
        own=blank,
    )


KINDS = [
    image_tags, members, namespaces, properties, objects, metadef_tags, resource_types, families,
    project_tags, regions,
]  # fmt: skip
Ask = Callable[[str, Thing, str], int]


@pytest.fixture
def world(server: Server) -> Iterator[World]:
    with World(server) as found:
        yield found


def by_requests(world: World) -> Ask:
    def ask(method: str, thing: Thing, spelled: str) -> int:
        return int(world.ask(method, thing.service, thing.address(spelled), None).status_code)

    return ask


def by_curl(world: World) -> Ask:
    def ask(method: str, thing: Thing, spelled: str) -> int:
        address = world.bases[thing.service] + thing.address(spelled)
        command = ["curl", "-sg", "-o", "/dev/null", "-w", "%{http_code}", "-X", method]
        token = f"X-Auth-Token: {world.token}"
        ran = subprocess.run(
            [*command, "-H", token, address], capture_output=True, timeout=60, check=True
        )
        return int(ran.stdout)

    return ask


def by_sdk(world: World) -> Ask:
    known = openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth_type="v3password",
        auth={
            "auth_url": world.bases["identity"],
            "username": "admin",
            "password": PASSWORD,
            "user_domain_id": "default",
            "project_id": world.project.pk,
        },
        region_name="RegionOne",
    )
    world.callback(known.close)

    def ask(method: str, thing: Thing, spelled: str) -> int:
        proxy = getattr(known, thing.service)
        return int(proxy.request(urljoin(thing.parent, spelled), method).status_code)

    return ask


def clients(world: World) -> Iterator[Ask]:
    yield by_requests(world)
    yield by_sdk(world)
    if shutil.which("curl"):
        yield by_curl(world)


def names(seed: int) -> list[str]:
    dice = random.Random(seed)
    made = ["".join(dice.choices(LETTERS, k=dice.randint(1, 5))) for _ in range(16)]
    return list(dict.fromkeys([*FIXED, *ODD, *made]))


def legal(name: str, thing: Thing) -> bool:
    try:
        require_addressable(name, "thing", slashes="/" not in thing.never)
    except InvalidName:
        return False
    return not thing.own(name)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_is_reached_by_its_name(world: World, kind: Callable[[World], Thing]) -> None:
    """In both spellings of inner slashes; and what is not made leaves nothing behind."""
    thing, asking = kind(world), list(clients(world))
    for neighbour in ("a", "b"):
        assert thing.make(neighbour) < 300
    kept, turn = thing.there(), 0
    for name in names(20):
        if name in kept:
            continue
        status = thing.make(name)
        if not status < 300:
            assert (status, thing.there()) == (400, kept), name
            assert not legal(name, thing), name
            continue
        assert thing.there() == kept | {name}
        ask, spelled = asking[turn % len(asking)], quote(name, safe="" if turn % 2 else "/")
        turn += 1
        if thing.read:
            assert ask("GET", thing, spelled) < 300, (name, ask)
        assert ask("DELETE", thing, spelled) == 204, (name, ask)
        assert thing.there() == kept, (name, ask)
        assert ask("DELETE", thing, spelled) == 404, (name, ask)
    assert turn > len(FIXED) / 2


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_stored_is_read_and_removed(world: World, kind: Callable[[World], Thing]) -> None:
    """By an address with every character escaped, from a client that sends it as it is."""
    thing = kind(world)
    odd = [name for name in ODD if set(name).isdisjoint(thing.never)]
    for name in ("a", "b", *odd):
        thing.store(name)
    left = thing.there()
    for name in odd:
        assert plain(world, thing, "DELETE", f"{name}/") in {400, 404}, name
        if thing.read:
            assert plain(world, thing, "GET", name) < 300, name
        assert plain(world, thing, "DELETE", name) == 204, name
        left.remove(name)
        assert thing.there() == left, name


def plain(world: World, thing: Thing, method: str, name: str) -> int:
    base = urlsplit(world.bases[thing.service])
    connection = http.client.HTTPConnection(base.hostname or "", base.port, timeout=60)
    try:
        path = base.path + thing.address(quote(name, safe=""))
        connection.request(method, path, headers=world.headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("name", ["a%2F", "a%2Fb", "%2Fa", "a%0A"])
def test_the_end_of_a_name_is_no_slash_of_the_address(world: World, name: str) -> None:
    tags, image = image_tags(world), Artifact.objects.get(pk=world.image)
    assert tags.make("a") == 200
    assert by_requests(world)("DELETE", tags, name) == 404
    assert (
        by_requests(world)("DELETE", Thing("image", "/images", *[None] * 3), f"{image.pk}%2F")
        == 404
    )
    assert tags.there() == {"a"}
    assert by_requests(world)("DELETE", tags, "a/") == 204


def test_families_named_like_what_lies_below_others_have_their_ids(world: World) -> None:
    families(world).store("a/moves")
    found = Alias.objects.get(name="a/moves")
    assert world.ask("GET", "image", "/families/a/moves", None).status_code == 404
    assert world.say("GET", "image", f"/families/{found.pk}", None)["name"] == "a/moves"
    for name in ("b/moves", "b/actions/rollback"):
        assert families(world).make(name) == 400
    assert families(world).make("reg:5000/app") == 201
    path = "/families/reg:5000%2Fapp/moves"
    moves = world.say("GET", "image", f"{path}?limit=1", None)
    assert moves["first"] == f"/v2{path.replace(':', '%3A')}?limit=1"
    assert len(moves["moves"]) == 1


def test_what_keeps_an_odd_name_is_changed_as_before(world: World) -> None:
    for name in ("a/", "..", "x\ny"):
        world.namespace.properties.create(name=name, definition=PROPERTY)
        world.namespace.tags.create(name=name)
    say = world.ask
    path = "/metadefs/namespaces/N/properties/a%2F"
    assert say("PUT", "image", path, {"name": "a/", "title": "u", "type": "string"}).ok
    assert say("PUT", "image", path, {"name": "b/", **PROPERTY}).status_code == 400
    assert say("PUT", "image", path, {"name": "c/d", **PROPERTY}).ok
    kept = {"tags": [{"name": "a/"}, {"name": "fresh"}]}
    assert say("POST", "image", "/metadefs/namespaces/N/tags", kept).ok
    Tag.objects.create(artifact_id=world.image, value="..")
    for value, status in ((["..", "b"], 200), (["..", "b/"], 400), (["b"], 200)):
        change = [{"op": "replace", "path": "/tags", "value": value}]
        kind = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
        assert say("PATCH", "image", f"/images/{world.image}", change, **kind).status_code == status


def test_the_stock_client_finds_images_by_names_with_a_colon(world: World, tmp_path: Path) -> None:
    environment = {
        "HOME": str(tmp_path),
        "OS_AUTH_URL": world.bases["identity"],
        "OS_USERNAME": "admin",
        "OS_PASSWORD": PASSWORD,
        "OS_PROJECT_NAME": "admin",
        "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default",
        "OS_REGION_NAME": "RegionOne",
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
    }
    for name in ("reg:5000/app", "2016-04-17T22:00:00Z", "a:b:c"):
        made = world.say("POST", "image", "/images", {"name": name})
        code, out, error = shell.run(
            ["image", "show", name, "-f", "value", "-c", "id"], environment
        )
        assert (code, out.strip()) == (0, made["id"]), error
