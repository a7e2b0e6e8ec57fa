"""What a list does with more than anybody means to ask, and with times as images show them."""

from datetime import datetime, timedelta

import pytest

from artifacts.models import Artifact
from tests.support.images import callers

pytestmark = pytest.mark.django_db
SHOWN = "2026-01-02T03:04:05Z"


def test_a_key_that_is_named_again_changes_nothing() -> None:
    (ada,) = callers("ada")
    ids = [ada.create(name=name)["id"] for name in ("a", "b", "c")]
    again = ",".join(["name:asc", "size:desc"] * 400)
    assert ada.ids(f"sort={again}&marker={ids[0]}") == ids[1:]
    keys = "&".join(["sort_key=name"] * 300)
    assert ada.ids(f"{keys}&sort_dir=asc&marker={ids[1]}") == ids[2:]
    assert ada.ids("sort=name:asc,name:desc") == ids, "the first of them counts"


def test_all_tags_that_an_image_can_have_may_be_asked_for() -> None:
    (ada,) = callers("ada")
    tags = [f"t{n}" for n in range(128)]
    image = ada.create(tags=tags)["id"]
    ada.create(tags=tags[:-1])
    query = "&".join(f"tag={tag}" for tag in tags)
    assert ada.ids(query) == [image]
    answer = ada.call("GET", f"/v2/images?{query}&total=true").json()
    assert (answer["total"], len(answer["images"])) == (1, 1)
    assert ada.ids(f"{query}&tag=missing") == []


@pytest.mark.parametrize(
    "many",
    [
        [f"p{n}=a" for n in range(201)],
        [f"tag=t{n}" for n in range(201)],
        [f"name=in:a,b{n}" for n in range(201)],
        [f"created_at=neq:2026-01-01T00:00:00.{n:06}" for n in range(201)],
        [*(f"p{n}=a" for n in range(100)), *(f"tag={n}" for n in range(101))],
    ],
)
def test_more_filters_than_anybody_means_are_refused(many: list[str]) -> None:
    (ada,) = callers("ada")
    assert ada.ids("&".join(many[:-1])) == []
    answer = ada.call("GET", "/v2/images?" + "&".join(many))
    assert answer.status_code == 400
    assert "200" in answer.json()["message"]


def test_long_lists_of_values_are_taken_and_longer_ones_refused() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="n1999")["id"]
    names = [f"n{n}" for n in range(2000)]
    assert ada.ids(f"name=in:{','.join(names)}") == [image]
    for query in (
        f"name=in:{','.join([*names, 'a'])}",
        f"name=in:{','.join(names)}&status=in:{','.join(['active', 'queued'] * 50)}",
    ):
        answer = ada.call("GET", f"/v2/images?{query}")
        assert answer.status_code == 400
        assert "2000" in answer.json()["message"]


def test_a_filter_that_is_repeated_counts_once() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", os_distro="x")["id"]
    repeated = [*["name=a"] * 400, *["os_distro=x"] * 400]
    assert ada.ids("&".join(repeated)) == [image]


def test_a_marker_is_looked_at_though_nothing_is_to_be_listed() -> None:
    (ada,) = callers("ada")
    image = ada.create()["id"]
    assert ada.ids(f"limit=0&marker={image}") == []
    assert ada.call("GET", "/v2/images?limit=0&marker=nothing").status_code == 400


@pytest.mark.parametrize("field", ["created_at", "updated_at"])
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (SHOWN, "same"),
        (f"eq:{SHOWN}", "same"),
        (f"neq:{SHOWN}", "before after"),
        (f"gt:{SHOWN}", "after"),
        (f"gte:{SHOWN}", "same after"),
        (f"lt:{SHOWN}", "before"),
        (f"lte:{SHOWN}", "before same"),
        ("eq:2026-01-02T03:04:05.600000Z", "same"),
        ("eq:2026-01-02T03:04:05.000000Z", ""),
        ("gt:2026-01-02T03:04:05.000000Z", "same after"),
        ("lte:9999-12-31T23:59:59Z", "before same after"),
        ("gt:9999-12-31T23:59:59Z", ""),
    ],
)
def test_times_are_meant_as_images_show_them(field: str, asked: str, found: str) -> None:
    """Rows hold microseconds; a time without a fraction is that whole second."""
    (ada,) = callers("ada")
    moment = datetime.fromisoformat(SHOWN) + timedelta(microseconds=600_000)
    for name, seconds in (("before", -1), ("same", 0), ("after", 1)):
        image = ada.create(name=name)["id"]
        Artifact.objects.filter(pk=image).update(**{field: moment + timedelta(seconds=seconds)})
    answer = ada.call("GET", f"/v2/images?{field}={asked}&sort={field}:asc").json()
    assert " ".join(image["name"] for image in answer["images"]) == found
    assert all(image[field] == SHOWN for image in answer["images"] if image["name"] == "same")
