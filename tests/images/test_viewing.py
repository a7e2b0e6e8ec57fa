"""How much is shown: some keys of images, and how many images a list holds."""

from typing import Any

import pytest

from artifacts.models import Artifact, Member, Tag
from images import selectors
from tests.support.images import administrator, callers

pytestmark = pytest.mark.django_db


def test_only_the_keys_asked_for() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", os_distro="ubuntu", tags=["t"])
    path = f"/v2/images/{image['id']}"
    for query, keys in [
        ("fields=name", {"id", "name"}),
        ("fields=id,name,tags", {"id", "name", "tags"}),
        ("fields=name&fields=%20os_distro%20,,status", {"id", "name", "os_distro", "status"}),
        ("fields=name,nothing_of_the_kind", {"id", "name"}),
        ("", set(image)),
    ]:
        expected = {key: image[key] for key in keys}
        assert ada.call("GET", f"{path}?{query}").json() == expected, query
        assert ada.call("GET", f"/v2/images?{query}").json()["images"] == [expected], query


def test_a_list_of_some_keys_pages_on_with_them() -> None:
    (ada,) = callers("ada")
    for name in "abc":
        ada.create(name=name)
    page = ada.call("GET", "/v2/images?fields=name&limit=2&sort=name:asc").json()
    rest = ada.call("GET", page["next"]).json()
    names = [[set(i), i["name"]] for i in [*page["images"], *rest["images"]]]
    assert names == [[{"id", "name"}, n] for n in "abc"]


@pytest.mark.parametrize("query", ["fields=", "fields=,%20,", "total=yes", "total=", "total=True"])
def test_what_cannot_be_read_is_refused(query: str) -> None:
    (ada,) = callers("ada")
    assert ada.call("GET", f"/v2/images?{query}").status_code == 400


def counted(caller: Any, query: str = "") -> tuple[int, str]:
    answer = caller.call("GET", f"/v2/images?total=true{query}")
    document = answer.json()
    found = (document["total"], document["total_relation"])
    assert (answer["X-Total-Count"], answer["X-Total-Relation"]) == (str(found[0]), found[1])
    return found


def test_the_total_counts_what_all_pages_hold_and_the_caller_may_see() -> None:
    ada, bob = callers("ada", "bob")
    for visibility, count in {"private": 3, "shared": 2, "public": 4, "community": 5}.items():
        for n in range(count):
            row = Artifact.objects.create(
                type="images",
                name=f"{visibility}-{n}",
                project_id=ada.project.pk,
                visibility=visibility,
                status="active",
            )
            Tag.objects.bulk_create([Tag(artifact=row, value=v) for v in ("t", "u")])
            if visibility == "shared":
                Member.objects.create(artifact=row, member_id=bob.project.pk, status="accepted")
    assert counted(ada) == (14, "eq")
    assert counted(bob) == (6, "eq")
    assert counted(bob, "&visibility=all") == (11, "eq")
    assert counted(administrator()) == (9, "eq")
    assert counted(ada, "&limit=0") == counted(ada, "&limit=2") == (14, "eq")
    assert counted(ada, "&visibility=private") == (3, "eq")
    assert counted(ada, "&tag=t&tag=u&name=in:private-0,public-3") == (2, "eq")
    assert counted(ada, "&name=nothing") == (0, "eq")
    page = ada.call("GET", "/v2/images?total=true&limit=5").json()
    assert ada.call("GET", page["next"]).json()["total"] == 14
    assert "total" not in ada.call("GET", "/v2/images").json()


def test_nobody_counts_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    from images.api.v2 import viewing

    for module in (selectors, viewing):
        monkeypatch.setattr(module, "COUNTED", 3)
    (ada,) = callers("ada")
    for found in [(1, "eq"), (2, "eq"), (3, "eq"), (3, "gte"), (3, "gte")]:
        ada.create(name="a")
        assert counted(ada) == found
