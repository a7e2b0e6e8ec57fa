"""What one project may put into images and patches: bytes of metadata, numbers that are counted before any work, and
pages that end before they hold too much.
"""

from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, Tag
from catalog import pages as pages_of
from catalog.clock import now
from catalog.conf import CatalogConfig
from catalog.models import Event
from images import schemas
from images.conf import ImagesConfig
from tests.support.configuring import Configure
from tests.support.images import Caller

pytestmark = pytest.mark.django_db
LIMIT = 256 << 10


def heavy(number: int, length: int) -> dict[str, str]:
    return {f"p{at}": "x" * length for at in range(number)}


def refused(answer: Any, code: str, **facts: Any) -> None:
    assert answer.status_code == 413, answer.content
    told = answer.json()
    assert told["error_code"] == code
    assert facts.items() <= told["facts"].items(), told["facts"]


def stored(owner: str, number: int = 1, **values: Any) -> list[str]:
    """Images as they were before there was a limit."""
    return [
        Artifact.objects.create(
            type="images", status="active", project_id=owner, **{"name": str(at), **values}
        ).pk
        for at in range(number)
    ]


# Metadata


def test_metadata_is_weighed_when_an_image_is_made(ada: Caller) -> None:
    ada.create(**heavy(4, 60_000))
    facts = {"resource": "metadata_bytes", "limit": LIMIT, "used": 0}
    refused(ada.call("POST", "/v2/images", heavy(5, 60_000)), "metadata_too_large", **facts)
    assert Artifact.objects.count() == 1


def test_many_bytes_are_counted_not_characters(ada: Caller) -> None:
    refused(ada.call("POST", "/v2/images", {"p": "🌍" * 70_000}), "metadata_too_large")
    ada.create(p="x" * 70_000 * 3)


def test_a_patch_adds_up(ada: Caller) -> None:
    image = ada.create(**heavy(4, 60_000))["id"]
    more = {"op": "add", "path": "/more", "value": "y" * 30_000}
    refused(ada.patch(image, more), "metadata_too_large")
    assert "more" not in ada.show(image).json()
    assert ada.patch(image, {"op": "remove", "path": "/p0"}, more).status_code == 200


def test_what_is_heavier_already_is_read_and_may_shrink(ada: Caller) -> None:
    (image,) = stored(ada.project.pk, properties=heavy(10, 60_000))
    assert len(ada.show(image).json()["p0"]) == 60_000
    rename = {"op": "replace", "path": "/name", "value": "renamed"}
    assert ada.patch(image, rename).status_code == 200
    grow = {"op": "replace", "path": "/p0", "value": "x" * 60_001}
    refused(ada.patch(image, grow), "metadata_too_large", limit=LIMIT)
    assert ada.call("PUT", f"/v2/images/{image}/tags/new").status_code == 413
    shrink = {"op": "replace", "path": "/p0", "value": "small"}
    assert ada.patch(image, shrink).status_code == 200
    assert ada.patch(image, {"op": "remove", "path": "/p1"}).status_code == 200


# Numbers, counted first


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was judged by the schema of images, which costs most."""
    judged: list[Any] = []
    judge = schemas.validate

    def note(document: Any, *, whole: bool = False) -> None:
        judged.append(document)
        judge(document, whole=whole)

    monkeypatch.setattr(schemas, "validate", note)
    return judged


def test_properties_are_counted_before_they_are_judged(ada: Caller, unseen: list[Any]) -> None:
    answer = ada.call("POST", "/v2/images", heavy(129, 1))
    refused(answer, "too_large", resource="properties", maximum=128, attempted=129)
    assert not unseen
    ada.create(**heavy(128, 1))


def test_tags_are_counted_before_they_are_judged(ada: Caller, unseen: list[Any]) -> None:
    tags = [f"t{number}" for number in range(1001)]
    refused(ada.call("POST", "/v2/images", {"tags": tags}), "too_many", resource="tags", limit=1000)
    assert not unseen
    image = ada.create(tags=["a"] * 1000)["id"]
    assert ada.show(image).json()["tags"] == ["a"]
    unseen.clear()
    parts = [{"op": "add", "path": "/tags", "value": tags[at::3]} for at in range(3)]
    refused(ada.patch(image, *parts), "too_many", resource="tags", asked=1001)
    assert not unseen


def test_operations_are_counted_before_they_are_read(ada: Caller, unseen: list[Any]) -> None:
    image = ada.create()["id"]
    unseen.clear()
    one = {"op": "replace", "path": "/name", "value": "a"}
    facts = {"resource": "operations", "limit": 1000, "asked": 1001}
    refused(ada.patch(image, *[one] * 1001), "too_many", **facts)
    refused(ada.patch(image, *["no operation"] * 1001), "too_many", **facts)  # type: ignore[arg-type]
    assert not unseen
    assert ada.patch(image, *[one] * 1000).status_code == 200


@pytest.mark.parametrize(("quota", "most"), [(5000, 10_000), (-1, 10_000), (0, 1000)])
def test_more_properties_allow_more_operations(
    ada: Caller, configure: Configure, quota: int, most: int
) -> None:
    configure(ImagesConfig, property_quota=quota)
    image = ada.create()["id"]
    operations = ["none"] * (most + 1)
    refused(ada.patch(image, *operations), "too_many", limit=most)  # type: ignore[arg-type]
    assert ada.patch(image, *operations[1:]).status_code == 400  # type: ignore[arg-type]


def test_bodies_may_not_be_nested_without_end(ada: Caller, configure: Configure) -> None:
    configure(ImagesConfig, show_multiple_locations=True)
    image = ada.create()["id"]
    for depth in (300, 1000, 5000):
        nested = '{"a":' * depth + '"b"' + "}" * depth
        value = f'{{"url": "http://x/a", "metadata": {nested}}}'
        body = f'[{{"op": "add", "path": "/locations/-", "value": {value}}}]'
        answer = ada.call(
            "PATCH", f"/v2/images/{image}", body, "application/openstack-images-v2.1-json-patch"
        )
        assert answer.status_code == 400, answer.content


@pytest.mark.parametrize("text", ["a\x00b", "\\\x00", "\\\\\x00", "\x00"])
def test_the_nul_character_is_found_however_it_is_written(ada: Caller, text: str) -> None:
    assert ada.call("POST", "/v2/images", {"p": text}).status_code == 400
    assert ada.call("POST", "/v2/images", {text: "p"}).status_code == 400


@pytest.mark.parametrize("text", ["\\u0000", "a\\\\u0000"])
def test_what_only_looks_like_the_nul_character_is_text(ada: Caller, text: str) -> None:
    assert ada.create(p=text)["p"] == text


# Pages


def pages(ada: Caller, path: str, noun: str = "images") -> list[list[dict[str, Any]]]:
    """Every page from here on."""
    found = []
    while path:
        answer = ada.call("GET", path)
        assert answer.status_code == 200, answer.content
        assert len(answer.content) <= BOUND + 1000 or len(answer.json()[noun]) == 1
        found.append(answer.json()[noun])
        path = answer.json().get("next", "")
    return found


BOUND = 100_000


@pytest.fixture
def small_pages(configure: Configure) -> None:
    configure(CatalogConfig, page_bytes=BOUND)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("sort", ["", "&sort=name:asc", "&sort_key=updated_at&sort_dir=asc"])
def test_a_page_of_heavy_images_is_shorter_and_leads_on(ada: Caller, sort: str) -> None:
    made = stored(ada.project.pk, 10, properties=heavy(3, 10_000))
    found = pages(ada, f"/v2/images?limit=1000{sort}")
    assert [len(page) for page in found] == [3, 3, 3, 1]
    assert {image["id"] for page in found for image in page} == set(made)


@pytest.mark.usefixtures("small_pages")
def test_an_image_larger_than_a_page_comes_alone(ada: Caller) -> None:
    stored(ada.project.pk, 2, properties=heavy(1, 10))
    stored(ada.project.pk, 2, properties=heavy(2, BOUND))
    stored(ada.project.pk, 2, properties=heavy(1, 10))
    assert [len(page) for page in pages(ada, "/v2/images?limit=5")] == [2, 1, 1, 2]


@pytest.mark.usefixtures("small_pages")
def test_chosen_fields_count_and_no_others(ada: Caller) -> None:
    stored(ada.project.pk, 10, properties=heavy(3, 30_000))
    assert [len(page) for page in pages(ada, "/v2/images?limit=9&fields=id,name")] == [9, 1]
    assert [len(page) for page in pages(ada, "/v2/images?limit=9&fields=p1")] == [3, 3, 3, 1]
    shown = pages(ada, "/v2/images?limit=9&fields=name,p9")[0]
    assert all(set(image) == {"id", "name"} for image in shown)


@pytest.mark.usefixtures("small_pages")
def test_tags_count(ada: Caller) -> None:
    for image in stored(ada.project.pk, 4):
        tags = [Tag(artifact_id=image, value=f"{at}" + "t" * 200) for at in range(200)]
        Tag.objects.bulk_create(tags)
    assert [len(page) for page in pages(ada, "/v2/images")] == [2, 2]


@pytest.mark.usefixtures("small_pages")
def test_deleted_images_come_in_such_pages_too(ada: Caller, configure: Configure) -> None:
    configure(ArtifactsConfig, restore_grace=3600)
    deleted = {"deleted_at": now(), "size": 1, "properties": heavy(4, 10_000)}
    stored(ada.project.pk, 5, **deleted)
    assert [len(page) for page in pages(ada, "/v2/images?deleted=true")] == [2, 2, 1]


@pytest.mark.usefixtures("small_pages")
def test_rows_are_read_in_portions(ada: Caller) -> None:
    """Not all of them at once, to show a few."""
    stored(ada.project.pk, 40, properties=heavy(1, 30_000))
    with CaptureQueriesContext(connection) as asked:
        ada.call("GET", "/v2/images?limit=40")
    read = [one["sql"] for one in asked.captured_queries if "tag_values" in one["sql"]]
    assert len(read) == 2, "one portion for the page, and one to see that it is full"


def test_a_light_page_is_read_at_once(ada: Caller) -> None:
    stored(ada.project.pk, 100, properties=heavy(3, 10))
    with CaptureQueriesContext(connection) as asked:
        assert len(ada.ids("limit=100")) == 100
    read = [one["sql"] for one in asked.captured_queries if "tag_values" in one["sql"]]
    assert len(read) == 1


@pytest.mark.usefixtures("small_pages")
def test_a_full_page_weighs_no_more_than_its_first_rows(ada: Caller) -> None:
    """Weighing reads what it weighs: a thousand heavy rows were read for each page of a few."""
    stored(ada.project.pk, 3 * pages_of.FIRST, properties=heavy(1, 30_000))
    with CaptureQueriesContext(connection) as asked:
        shown = ada.call("GET", f"/v2/images?limit={3 * pages_of.FIRST}").json()["images"]
    weighed = [one["sql"] for one in asked.captured_queries if "weight" in one["sql"]]
    assert 0 < len(shown) < pages_of.FIRST
    assert len(weighed) == 1


def test_the_default_holds_eight_mebibytes() -> None:
    assert settings.VITRINE[CatalogConfig].page_bytes == 8 << 20
    assert settings.VITRINE[ArtifactsConfig].metadata_limit == LIMIT


# History


def test_long_values_are_told_by_digest_and_length(ada: Caller) -> None:
    image = ada.create(os_note="a" * 3000)["id"]
    ada.patch(image, {"op": "replace", "path": "/os_note", "value": "b" * 3000})
    events = ada.call("GET", f"/v2/images/{image}/events").json()["events"]
    told = events[0]["changes"]["properties/os_note"]
    assert {side["bytes"] for side in told.values()} == {3000}
    assert len({side["sha256"] for side in told.values()}) == 2


@pytest.mark.usefixtures("small_pages")
def test_pages_of_events_are_bounded_too(ada: Caller) -> None:
    """Events of before may hold long values."""
    image = ada.create()["id"]
    for number in range(7):
        Event.objects.create(
            kind="image.update",
            object_type="OS::Glance::Image",
            object_id=image,
            project_id=ada.project.pk,
            changes={"properties/p": [str(number), "x" * 40_000]},
        )
    found = pages(ada, f"/v2/images/{image}/events?limit=100", "events")
    assert [len(page) for page in found] == [2, 2, 2, 2]
    assert len({event["id"] for page in found for event in page}) == 8
