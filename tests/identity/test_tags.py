"""Tags of projects: words by which they are found."""

import pytest

from catalog.models import Event
from identity.models import ProjectTag
from tests.identity.api import Api
from tests.support.identity import make_admin, make_project, make_user, token_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api(token_for(*make_admin()))


def test_tags_come_with_the_project(api) -> None:
    row = {"name": "p", "tags": ["red", "Red", "ü 🚀"]}
    made = api.post("/projects", {"project": row}).json()["project"]
    assert made["tags"] == ["Red", "red", "ü 🚀"]
    path = f"/projects/{made['id']}"
    assert api.get(path).json()["project"] == made
    assert api.patch(path, {"project": {"name": "q"}}).json()["project"]["tags"] == made["tags"]
    changed = api.patch(path, {"project": {"tags": ["blue"]}})
    assert changed.json()["project"]["tags"] == ["blue"]
    assert api.patch(path, {"project": {"tags": []}}).json()["project"]["tags"] == []
    event = Event.objects.filter(object_id=made["id"], kind="project.updated").order_by("id").last()
    assert event.changes == {"tags": [["blue"], []]}


def test_tags_come_one_by_one(api) -> None:
    path = f"/projects/{make_project('p').pk}/tags"
    assert api.get(path).json()["tags"] == []
    assert [api.put(f"{path}/red").status_code for _ in range(2)] == [201, 201]
    answer = api.call("PUT", path, {"tags": ["green", "blue"]})
    assert answer.json()["tags"] == api.get(path).json()["tags"] == ["blue", "green"]
    assert api.get(f"{path}/green").status_code == 204
    assert api.get(f"{path}/red").status_code == 404
    assert api.delete(f"{path}/green").status_code == 204
    assert api.delete(f"{path}/green").status_code == 404
    assert api.delete(path).status_code == 204
    assert ProjectTag.objects.count() == 0
    assert api.get("/projects/absent/tags").status_code == 404
    assert api.put("/projects/absent/tags/x").status_code == 404


def test_lists_ask_for_tags(api, django_assert_max_num_queries) -> None:
    for name, tags in (("a", ["x", "y"]), ("b", ["x"]), ("c", ["z"]), ("d", [])):
        make_project(name, tags=tags)

    def names(query: str) -> str:
        rows = api.get(f"/projects?{query}").json()["projects"]
        return "".join(row["name"] for row in rows if row["name"] != "admin")

    assert names("tags=x") == "ab"
    assert names("tags=x,y") == "a"
    assert names("tags-any=y,z") == "ac"
    assert names("not-tags=x,y") == "bcd"
    assert names("not-tags-any=x,z") == "d"
    assert names("tags=x&not-tags=y") == "b"
    assert names("tags=X") == ""
    with django_assert_max_num_queries(4):
        assert names("limit=100") == "abcd"


@pytest.mark.parametrize(
    "tags",
    [["a,b"], ["a/b"], [""], ["x" * 256], ["a", "a"], [1], "a", {}, [str(n) for n in range(81)]],
)
def test_what_is_no_tag_is_refused(api, tags) -> None:
    project = make_project("p", tags=["kept"])
    for answer in (
        api.post("/projects", {"project": {"name": "q", "tags": tags}}),
        api.patch(f"/projects/{project.pk}", {"project": {"tags": tags}}),
        api.call("PUT", f"/projects/{project.pk}/tags", {"tags": tags}),
    ):
        assert answer.status_code == 400
        assert "tags" in answer.json()["error"]["message"]
    assert list(ProjectTag.objects.values_list("name", flat=True)) == ["kept"]
    assert api.put(f"/projects/{project.pk}/tags/a,b").status_code == 400


def test_members_read_the_tags_of_their_project(api) -> None:
    ours, theirs = make_project("ours", tags=["x"]), make_project("theirs")
    mine = Api(token_for(make_user("ada", ours), ours))
    assert mine.get(f"/projects/{ours.pk}/tags").json()["tags"] == ["x"]
    assert mine.get(f"/projects/{theirs.pk}/tags").status_code == 403
    assert mine.put(f"/projects/{ours.pk}/tags/y").status_code == 403
    assert mine.delete(f"/projects/{ours.pk}/tags/x").status_code == 403
    assert mine.delete(f"/projects/{ours.pk}/tags").status_code == 403
