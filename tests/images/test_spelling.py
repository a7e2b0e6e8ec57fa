"""An id keeps the spelling that it was given, for Images v2; elsewhere, and to whoever looks for it, it is one id."""

from typing import Any

import httpx
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact
from catalog.models import Event
from images import notices
from images.documents import ImageDocuments
from tests.support.configuring import Configure
from tests.support.images import Caller, callers
from tests.support.located import FORMATS
from tests.support.server import Server

pytestmark = pytest.mark.django_db
GIVEN = "ABCDEF01-2345-4678-89ab-CDEF01234567"
KEY = GIVEN.lower()
PATH = f"/v2/images/{GIVEN}"
SPELLINGS = (GIVEN, KEY, GIVEN.upper())


def made(caller: Caller, **fields: Any) -> Any:
    answer = caller.call("POST", "/v2/images", {"id": GIVEN, "name": "a", **fields})
    assert answer.status_code == 201, answer.content
    return answer


def test_it_is_shown_as_it_was_given(ada: Caller) -> None:
    answer = made(ada)
    image = answer.json()
    assert (image["id"], image["self"], image["file"]) == (GIVEN, PATH, f"{PATH}/file")
    assert answer["Location"] == f"http://testserver/image{PATH}"
    patched = ada.patch(KEY, {"op": "add", "path": "/x", "value": "1"})
    assert patched.json()["id"] == GIVEN
    assert ada.ids() == [GIVEN]
    assert ada.call("GET", "/v2/images?fields=name").json()["images"][0]["id"] == GIVEN


def test_it_is_found_in_any_spelling(ada: Caller) -> None:
    image = made(ada).json()
    for one in SPELLINGS:
        assert ada.show(one).json()["self"] == image["self"]
        assert ada.ids(f"id={one}") == ada.ids(f"id=in:x,{one}") == [GIVEN]
        assert ada.ids(f"marker={one}") == []
        assert ada.call("PUT", f"/v2/images/{one}/tags/{one}").status_code == 204
        member = ada.call("POST", f"/v2/images/{one}/members", {"member": one})
        assert (member.status_code, member.json()["image_id"]) == (200, GIVEN)
        assert ada.call("GET", f"/v2/images/{one}/events").status_code == 200
    assert len(ada.call("GET", f"{PATH}/members").json()["members"]) == 3
    assert ada.call("DELETE", f"/v2/images/{KEY}").status_code == 204
    assert [ada.show(one).status_code for one in SPELLINGS] == [404, 404, 404]


def test_it_is_taken_in_any_spelling(ada: Caller) -> None:
    made(ada)
    for one in SPELLINGS:
        assert ada.call("POST", "/v2/images", {"id": one}).status_code == 409
    ada.call("DELETE", f"{PATH}?purge=true")
    for one in SPELLINGS:
        assert ada.call("POST", "/v2/images", {"id": one}).status_code == 409


def test_pages_go_on_from_it(ada: Caller) -> None:
    others = {ada.create(name="b")["id"] for _ in range(2)}
    made(ada)
    page = ada.call("GET", "/v2/images?limit=1").json()
    assert page["images"][0]["id"] == GIVEN
    assert page["next"].endswith(f"marker={GIVEN}")
    rest = ada.call("GET", f"{page['next']}&limit=5").json()["images"]
    assert {one["id"] for one in rest} == others


def test_what_leads_to_it_shows_it_so(ada: Caller) -> None:
    made(ada)
    for name, one in zip("abc", SPELLINGS, strict=True):
        family = ada.call("POST", "/v2/families", {"name": name, "image_id": one})
        assert (family.status_code, family.json()["image_id"]) == (201, GIVEN)
        moves = ada.call("GET", f"/v2/families/{name}/moves").json()["moves"]
        assert moves[0]["image_id"] == GIVEN
        listed = ada.call("GET", f"/v2/families?image_id={one}").json()["families"]
        assert {found["image_id"] for found in listed} == {GIVEN}


def test_deleted_and_restored_it_is_the_same(ada: Caller, configure: Configure) -> None:
    configure(ArtifactsConfig, restore_grace=3600)
    made(ada)
    assert ada.call("DELETE", PATH).status_code == 204
    (deleted,) = ada.call("GET", "/v2/images?deleted=true").json()["images"]
    assert deleted["id"] == GIVEN
    restored = ada.call("POST", f"/v2/images/{KEY}/actions/restore")
    assert restored.json()["id"] == GIVEN


def test_the_key_has_small_letters_everywhere_else(ada: Caller) -> None:
    made(ada)
    row = Artifact.objects.get()
    assert (row.pk, row.given_id) == (KEY, GIVEN)
    assert set(Event.objects.values_list("object_id", flat=True)) >= {KEY}
    body = ImageDocuments().body(row, [], [])
    assert GIVEN not in str(body)
    small = ada.create(id="0" * 8 + KEY[8:], name="b")["id"]
    assert Artifact.objects.get(pk=small).given_id is None


def test_others_are_told_of_it_as_images_show_it(ada: Caller) -> None:
    made(ada)
    ada.call("POST", f"{PATH}/members", {"member": "m"})
    told = [draft for event in Event.objects.all() for draft in notices.describe(event)]
    ids = [one.payload.get("image_id", one.payload.get("id")) for one in told]
    assert ids == [GIVEN, GIVEN]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_its_data_comes_and_goes(server: Server, spelling: str) -> None:
    (ada,) = callers("ada")
    made(ada, **FORMATS)
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "4"}
    with httpx.Client(base_url=f"{server.url}/image", timeout=120) as http:
        http.headers["X-Auth-Token"] = ada.token
        opened = http.post(f"/v2/images/{spelling}/uploads", headers=tus)
        assert opened.headers["Location"].startswith(f"/image{PATH}/uploads/")
        (session,) = http.get(f"/v2/images/{spelling}/uploads").json()["uploads"]
        assert session["self"] == opened.headers["Location"].removeprefix("/image")
        address = f"/v2/images/{spelling}/file"
        octets = {"Content-Type": "application/octet-stream"}
        assert http.put(address, content=b"data", headers=octets).status_code == 204
        assert http.get(address).content == b"data"


@pytest.mark.django_db(transaction=True)
def test_the_migration_goes_both_ways(ada: Caller) -> None:
    made(ada)
    executor = MigrationExecutor(connection)
    last = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "artifacts"]
    try:
        executor.migrate([("artifacts", "0011_count_tombstones")])
    finally:
        MigrationExecutor(connection).migrate(last)
    assert ada.show(KEY).json()["id"] == KEY, (
        "the spelling is gone with its column, the image is there"
    )
