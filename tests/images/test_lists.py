"""Lists: filters, both sort syntaxes, pages; compared with plain Python over the same rows."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from artifacts.models import Artifact, Blob, Location, Member, StoredObject, Tag
from artifacts.sorting import KEYS
from images.api.v2 import operators
from tests.support.images import Caller, administrator, callers

pytestmark = pytest.mark.django_db
BASE = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ["b", None, "a", "ä", "Z", "a", "é☁", "", "b,c", 'q"q']


def rows_of(
    owner: str, count: int, visibility: str, start: int = 0, **values: Any
) -> list[Artifact]:
    rows = [
        Artifact(
            type="images",
            name=NAMES[n % len(NAMES)],
            project_id=owner,
            visibility=visibility,
            status="active" if n % 3 else "queued",
            size=None if n % 4 == 0 else n % 5,
            disk_format=[None, "raw", "qcow2"][n % 3],
            container_format="bare" if n % 2 else None,
            created_at=BASE + timedelta(minutes=n // 2),
            updated_at=BASE + timedelta(minutes=n % 7),
            min_ram=n,
            min_disk=n % 3,
            protected=n % 5 == 0,
            fields={
                "virtual_size": n * 10,
                "checksum": f"md5-{n}",
                "os_hash_algo": "sha512",
                "os_hash_value": f"hash-{n}",
            }
            if n % 2
            else {},
            properties={"os_distro": ["ubuntu", "debian"][n % 2], "n": str(n), 'odd"key': "x"},
            **values,
        )
        for n in range(start, start + count)
    ]
    Artifact.objects.bulk_create(rows)
    return rows


@pytest.fixture
def world() -> tuple[Caller, list[Artifact]]:
    """Ada, and the rows she may list: her own, public ones, and some shared with her."""
    ada, bob = callers("ada", "bob")
    mine = (
        rows_of(ada.project.pk, 9, "private")
        + rows_of(ada.project.pk, 4, "public", 20)
        + rows_of(ada.project.pk, 3, "shared", 40)
    )
    public = rows_of(bob.project.pk, 7, "public", 3)
    shared = rows_of(bob.project.pk, 5, "shared", 6)
    Member.objects.bulk_create(
        [Member(artifact=r, member_id=ada.project.pk, status="accepted") for r in shared[:3]]
    )
    Member.objects.bulk_create(
        [Member(artifact=r, member_id=ada.project.pk, status="pending") for r in shared[3:]]
    )
    rows_of(bob.project.pk, 4, "private")
    rows_of(bob.project.pk, 2, "community")
    rows_of(ada.project.pk, 2, "private", hidden=True)
    return ada, mine + public + shared[:3]


def value_of(row: Artifact, key: str) -> Any:
    value = getattr(row, key)
    return (0 if key == "size" else "") if value is None else value


def ordered(rows: list[Artifact], sorts: list[tuple[str, str]]) -> list[str]:
    ties = "asc" if len(sorts) == 1 and sorts[0][1] == "asc" else "desc"
    for key, direction in reversed([*sorts, ("created_at", ties), ("id", ties)]):
        rows = sorted(rows, key=lambda r, k=key: value_of(r, k), reverse=direction == "desc")  # type: ignore[misc]
    return [r.pk for r in rows]


def walk(caller: Caller, query: str, limit: int) -> list[str]:
    """All ids, page by page, following `next` as a client does."""
    found: list[str] = []
    path = f"/v2/images?limit={limit}{'&' if query else ''}{query}"
    for _ in range(50):
        page = caller.call("GET", path).json()
        assert len(page["images"]) <= limit
        found += [i["id"] for i in page["images"]]
        if "next" not in page:
            return found
        path = page["next"]
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_every_declared_sort_pages_through_everything_once(
    world: Any, key: str, direction: str
) -> None:
    ada, rows = world
    expected = ordered(rows, [(key, direction)])
    for limit in (1, 4, 100):
        assert walk(ada, f"sort={key}:{direction}", limit) == expected
    assert walk(ada, f"sort_key={key}&sort_dir={direction}", 7) == expected


def test_an_administrator_sees_everything_but_foreign_community(world: Any) -> None:
    admin = administrator()
    rows = list(Artifact.objects.filter(hidden=False).exclude(visibility="community"))
    assert walk(admin, "sort=name:asc", 5) == ordered(rows, [("name", "asc")])


@pytest.mark.parametrize(
    "sorts",
    [
        [("name", "asc"), ("size", "desc")],
        [("status", "desc"), ("disk_format", "asc"), ("id", "asc")],
    ],
)
def test_several_keys(world: Any, sorts: list[tuple[str, str]]) -> None:
    ada, rows = world
    text = ",".join(f"{k}:{d}" for k, d in sorts)
    keys = "&".join(f"sort_key={k}" for k, _ in sorts) + "".join(f"&sort_dir={d}" for _, d in sorts)
    expected = ordered(rows, sorts)
    assert walk(ada, f"sort={text}", 3) == walk(ada, keys, 4) == expected


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_one_direction_for_all_keys_is_the_ties_too(world: Any, direction: str) -> None:
    ada, rows = world
    expected = ordered(
        rows, [(k, direction) for k in ("status", "disk_format", "created_at", "id")]
    )
    query = f"sort_key=status&sort_key=disk_format&sort_dir={direction}"
    assert walk(ada, query, 4) == expected


def test_the_default_is_newest_first_and_bare_keys_descend(world: Any) -> None:
    ada, rows = world
    assert walk(ada, "", 6) == ordered(rows, [("created_at", "desc")])
    assert (
        walk(ada, "sort=name", 6)
        == walk(ada, "sort_key=name", 6)
        == ordered(rows, [("name", "desc")])
    )


MINUTE_3 = BASE + timedelta(minutes=3)


def virtual_size(row: Artifact) -> int:
    return int(row.fields.get("virtual_size", -1))


FILTERS: list[tuple[str, Any]] = [
    ("name=a", lambda r: r.name == "a"),
    ("name=", lambda r: r.name == ""),
    ("name=A", lambda _: False),
    ("name=%C3%A9%E2%98%81", lambda r: r.name == "é☁"),
    ("name=in:a,b", lambda r: r.name in {"a", "b"}),
    ("name=in:a", lambda r: r.name == "a"),
    ("name=in:", lambda r: r.name == ""),
    ("name=in:a,", lambda r: r.name in {"a", ""}),
    ('name=in:"b,c",Z', lambda r: r.name in {"b,c", "Z"}),
    (r'name=in:"q\"q"', lambda r: r.name == 'q"q'),
    ("name=in:a,b&name=in:b,Z", lambda r: r.name == "b"),
    ("name=eq:a", lambda r: r.name == "a"),
    ("name=like:a", lambda _: False),
    ("status=queued", lambda r: r.status == "queued"),
    ("status=in:queued,active", lambda _: True),
    ("status=eq:queued", lambda r: r.status == "queued"),
    ("status=bogus", lambda _: False),
    ("status=bogus:queued", lambda _: False),
    ("status=deleted", lambda _: False),
    ("disk_format=raw", lambda r: r.disk_format == "raw"),
    ("disk_format=in:raw,qcow2", lambda r: r.disk_format in {"raw", "qcow2"}),
    ("disk_format=eq:raw", lambda r: r.disk_format == "raw"),
    ("container_format=eq:bare", lambda r: r.container_format == "bare"),
    ("container_format=bare", lambda r: r.container_format == "bare"),
    ("container_format=in:bare,ovf", lambda r: r.container_format == "bare"),
    ("id=11111111-1111-4111-8111-111111111111", lambda _: False),
    ("id=in:x,y", lambda _: False),
    ("owner=nobody", lambda _: False),
    ("owner=eq:nobody", lambda _: False),
    ("checksum=md5-3", lambda r: r.fields.get("checksum") == "md5-3"),
    ("checksum=eq:md5-3", lambda r: r.fields.get("checksum") == "md5-3"),
    ("checksum=in:md5-3,md5-5", lambda r: r.fields.get("checksum") in {"md5-3", "md5-5"}),
    ("os_hash_algo=eq:sha512", lambda r: "os_hash_algo" in r.fields),
    ("os_hash_value=in:hash-5,x", lambda r: r.fields.get("os_hash_value") == "hash-5"),
    ("os_hash_algo=sha512", lambda r: "os_hash_algo" in r.fields),
    ("os_hash_algo=md5", lambda _: False),
    ("os_hash_value=hash-5", lambda r: r.fields.get("os_hash_value") == "hash-5"),
    ("size=0", lambda r: r.size == 0),
    ("size=3", lambda r: r.size == 3),
    ("size_min=2", lambda r: (r.size or -1) >= 2),
    ("size_min=0", lambda r: r.size is not None),
    ("size_max=2", lambda r: r.size is not None and r.size <= 2),
    ("size_min=2&size_max=3", lambda r: r.size in {2, 3}),
    ("size_min=-5", lambda r: r.size is not None),
    ("virtual_size=70", lambda r: virtual_size(r) == 70),
    ("virtual_size_min=90", lambda r: virtual_size(r) >= 90),
    ("virtual_size_max=90", lambda r: 0 <= virtual_size(r) <= 90),
    ("min_ram=3", lambda r: r.min_ram == 3),
    ("min_ram=99999999999", lambda _: False),
    ("min_ram_min=3", lambda r: r.min_ram >= 3),
    ("min_ram_max=3", lambda r: r.min_ram <= 3),
    ("min_ram_max=99999999999", lambda _: True),
    ("min_disk=1", lambda r: r.min_disk == 1),
    ("min_disk_min=1", lambda r: r.min_disk >= 1),
    ("min_disk_max=1", lambda r: r.min_disk <= 1),
    ("visibility=public", lambda r: r.visibility == "public"),
    ("visibility=private", lambda r: r.visibility == "private"),
    ("visibility=shared", lambda r: r.visibility == "shared"),
    ("protected=false", lambda r: not r.protected),
    ("protected=true", lambda r: r.protected),
    ("os_hidden=False", lambda _: True),
    ("os_distro=ubuntu", lambda r: r.properties["os_distro"] == "ubuntu"),
    (
        "os_distro=ubuntu&n=4",
        lambda r: r.properties["os_distro"] == "ubuntu" and r.properties["n"] == "4",
    ),
    ("os_distro=ubuntu&os_distro=debian", lambda _: False),
    ("odd%22key=x", lambda _: True),
    ("nothing=x", lambda _: False),
    ("n=in:3,4", lambda _: False),
    ("tag=t", lambda r: r.min_ram % 2 == 0),
    ("tag=t&tag=u", lambda r: r.min_ram % 6 == 0),
    ("tag=t&tag=t", lambda r: r.min_ram % 2 == 0),
    ("tag=T", lambda _: False),
    ("created_at=gte:2026-01-01T00:03:00Z", lambda r: r.created_at >= MINUTE_3),
    ("created_at=gt:2026-01-01T00:03:00", lambda r: r.created_at > MINUTE_3),
    ("created_at=lte:2026-01-01T00:03Z", lambda r: r.created_at <= MINUTE_3),
    ("created_at=lt:2026-01-02", lambda _: True),
    ("created_at=2026-01-01T00:03:00Z", lambda r: r.created_at == MINUTE_3),
    ("created_at=eq:2026-01-01T00:03:00.000000Z", lambda r: r.created_at == MINUTE_3),
    ("updated_at=neq:2026-01-01T00:03:00Z", lambda r: r.updated_at != MINUTE_3),
    (
        "updated_at=gt:2026-01-01T00:01:00Z&updated_at=lt:2026-01-01T00:03:00Z",
        lambda r: r.updated_at == BASE + timedelta(minutes=2),
    ),
    ("created_at=lt:2026-01-01T02:03:00%2B02:00", lambda r: r.created_at < MINUTE_3),
    ("created_at=lt:2026-01-01T02:03:00+02:00", lambda r: r.created_at < MINUTE_3),
]


@pytest.mark.parametrize(("query", "keep"), FILTERS, ids=[f[0] for f in FILTERS])
def test_filters(world: Any, query: str, keep: Any) -> None:
    ada, rows = world
    Tag.objects.bulk_create([Tag(artifact=r, value="t") for r in rows if r.min_ram % 2 == 0])
    Tag.objects.bulk_create([Tag(artifact=r, value="u") for r in rows if r.min_ram % 3 == 0])
    kept = [r for r in rows if keep(r)]
    assert walk(ada, f"{query}&sort=name:asc", 3) == ordered(kept, [("name", "asc")])
    assert walk(ada, query, 50) == ordered(kept, [("created_at", "desc")])


def test_ids_and_owners_are_filters_too(world: Any) -> None:
    ada, rows = world
    first, second = rows[0].pk, rows[-1].pk
    assert ada.ids(f"id={first}") == [first]
    assert set(ada.ids(f"id=in:{first},{second}")) == {first, second}
    assert ada.ids(f"id=eq:{first}") == [first]
    mine = [r for r in rows if r.project_id == ada.project.pk]
    for owner in (ada.project.pk, f"eq:{ada.project.pk}", f"in:x,{ada.project.pk}"):
        assert walk(ada, f"owner={owner}", 4) == ordered(mine, [("created_at", "desc")])
    assert len(ada.ids(f"owner={rows[-1].project_id}")) == len(rows) - len(mine)


COLONS = [
    "reg:5000/app",
    "2016-04-17T22:00:00Z",
    "gt:5",
    "neq:a",
    "like:%",
    "IN:a",
    ":",
    "a:",
    "::eq:",
]
TAKEN = ["in:stock", "eq:a", "in:", "eq:", "eq:in:a", 'in:"a']


def test_a_colon_belongs_to_the_name() -> None:
    (ada,) = callers("ada")
    ids = {name: ada.create(name=name)["id"] for name in [*COLONS, *TAKEN]}
    for name, image_id in ids.items():
        quoted = name.replace('"', r"\"")
        assert ada.ids(f"name={quote(f'eq:{name}')}") == [image_id], name
        assert ada.ids("name=" + quote(f'in:x,"{quoted}"')) == [image_id], name
        if name in COLONS:
            assert ada.ids(f"name={quote(name)}") == [image_id], name


@given(st.text())
def test_any_name_can_be_asked_for(name: str) -> None:
    assert operators.one_or_many("name", f"eq:{name}") == [name]
    if not name.startswith(("in:", "eq:")):
        assert operators.one_or_many("name", name) == [name]


def test_hidden_images_are_listed_only_when_asked_for(world: Any) -> None:
    ada, _ = world
    hidden = set(Artifact.objects.filter(hidden=True).values_list("pk", flat=True))
    assert set(ada.ids("os_hidden=True")) == hidden
    assert not hidden & set(ada.ids())


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=x",
        "limit=1.5",
        "limit=%C2%B2",
        "marker=nothing",
        "sort=size_mb",
        "sort=name:up",
        "sort=name&sort_key=size",
        "sort_key=name&sort_key=size&sort_dir=asc&sort_dir=asc&sort_dir=asc",
        "sort_dir=up",
        "visibility=secret",
        "member_status=x",
        "protected=False",
        "os_hidden=maybe",
        "size_min=x",
        "size_min=99999999999999999999",
        "size_max=",
        "virtual_size_min=1.5",
        "min_disk=one",
        "foo_min=1",
        "foo_max=1",
        "status=neq:active",
        "id=gt:a",
        'container_format=in:bare,"ovf',
        'name=in:a"b',
        'name=in:"a",b"',
        "created_at=in:2026-01-01",
        "created_at=",
        "created_at=gte:",
        "updated_at=2026-13-01",
        "updated_at=0001-01-01T00:00:00%2B14:00",
        "protected=True",
        "protected=",
        "os_hidden=",
        "visibility=",
        "sort=",
        "sort=name,,size",
        "sort_key=name&sort_dir=asc&sort_dir=desc",
        "sort_key=min_ram",
        "sort=name:asc:desc",
        "marker=",
        'name=in:"a',
        'name=in:"a"b',
        "created_at=yesterday",
        "created_at=near:2026-01-01",
        "changes-since=2026-01-01",
        "name=a%00b",
        "a%00b=c",
        "size=1e3",
    ],
)
def test_bad_parameters_are_named(world: Any, query: str) -> None:
    ada, _ = world
    answer = ada.call("GET", f"/v2/images?{query}")
    assert answer.status_code == 400, answer.content
    assert answer.json()["message"]


def test_a_marker_nobody_may_see_is_refused(world: Any) -> None:
    ada, _ = world
    foreign = (
        Artifact.objects.filter(visibility="private").exclude(project_id=ada.project.pk).first()
    )
    assert foreign is not None
    assert ada.call("GET", f"/v2/images?marker={foreign.pk}").status_code == 400


def test_links_keep_every_parameter(world: Any) -> None:
    ada, _ = world
    query = "tag=t&tag=u&sort_key=name&sort_key=size&sort_dir=asc&sort_dir=desc&limit=1"
    Tag.objects.bulk_create(
        [Tag(artifact=r, value=v) for r in Artifact.objects.all() for v in ("t", "u")]
    )
    page = ada.call("GET", f"/v2/images?{query}").json()
    assert sorted(parse_qsl(urlsplit(page["first"]).query)) == sorted(parse_qsl(query))
    assert sorted(parse_qsl(urlsplit(page["next"]).query)) == sorted(
        [*parse_qsl(query), ("marker", page["images"][0]["id"])]
    )
    assert page["first"].startswith("/v2/images?")


def test_limits(world: Any) -> None:
    ada, rows = world
    empty = ada.call("GET", "/v2/images?limit=0").json()
    assert (empty["images"], "next" in empty) == ([], False)
    for beyond in (100000, 2**63, "9" * 5000):
        assert len(ada.ids(f"limit={beyond}")) == len(rows)
    refused = ada.call("GET", f"/v2/images?size_min={2**63}")
    assert (refused.status_code, b"is out of range" in refused.content) == (400, True)


MATRIX = {
    # asked visibility → who sees which image, as the first letters: Private, Shared, Community, publiC as X
    None: {"owner": "PSCX", "stranger": "X", "member": "SX", "pending": "X", "admin": "PSX"},
    "public": {"owner": "X", "stranger": "X", "member": "X", "pending": "X", "admin": "X"},
    "private": {"owner": "P", "stranger": "", "member": "", "pending": "", "admin": "P"},
    "shared": {"owner": "S", "stranger": "", "member": "S", "pending": "", "admin": "S"},
    "community": {"owner": "C", "stranger": "C", "member": "C", "pending": "C", "admin": "C"},
    "all": {"owner": "PSCX", "stranger": "CX", "member": "SCX", "pending": "CX", "admin": "PSCX"},
}


@pytest.mark.parametrize("asked", MATRIX)
@pytest.mark.parametrize("who", ["owner", "stranger", "member", "pending", "admin"])
def test_who_finds_what_in_a_list(asked: str | None, who: str) -> None:
    owner, stranger, member, pending = callers("owner", "stranger", "member", "pending")
    people = {"owner": owner, "stranger": stranger, "member": member, "pending": pending}
    people["admin"] = administrator()
    letters = {"private": "P", "shared": "S", "community": "C", "public": "X"}
    for visibility, letter in letters.items():
        row = Artifact.objects.create(
            type="images", name=letter, project_id=owner.project.pk, visibility=visibility
        )
        Member.objects.create(artifact=row, member_id=member.project.pk, status="accepted")
        Member.objects.create(artifact=row, member_id=pending.project.pk, status="pending")
    answer = people[who].call("GET", f"/v2/images?visibility={asked}" if asked else "/v2/images")
    found = {image["name"] for image in answer.json()["images"]}
    assert found == set(MATRIX[asked][who])


def test_a_page_of_a_hundred_takes_as_many_queries_as_one_of_two() -> None:
    ada, bob = callers("ada", "bob")
    rows = rows_of(ada.project.pk, 60, "private") + rows_of(bob.project.pk, 60, "public")
    for row in rows:
        Tag.objects.bulk_create([Tag(artifact=row, value=v) for v in ("t", "u", "v")])
        Member.objects.bulk_create([Member(artifact=row, member_id=m) for m in ("m", "n")])
        blob = Blob.objects.create(artifact=row, slot="image", status="active")
        for n in range(2):
            stored = StoredObject.objects.create(store="local", key=f"{row.pk}-{n}")
            Location.objects.create(blob=blob, stored_object=stored, store="local", url=f"x:{n}")
    ada.ids()
    counts = []
    for limit in (2, 100):
        with CaptureQueriesContext(connection) as queries:
            assert len(ada.ids(f"limit={limit}")) == limit
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_pages_stay_stable_while_others_write(world: Any) -> None:
    ada, rows = world
    expected = ordered(rows, [("created_at", "asc")])
    found: list[str] = []
    path = "/v2/images?limit=3&sort=created_at:asc"
    for n in itertools.count():
        page = ada.call("GET", path).json()
        found += [i["id"] for i in page["images"]]
        if "next" not in page:
            break
        path = page["next"]
        Artifact.objects.create(
            type="images",
            project_id=ada.project.pk,
            visibility="private",
            status="queued",
            created_at=BASE - timedelta(days=n + 1),
        )
    assert found == expected
