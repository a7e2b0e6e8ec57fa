"""What Keystone passes over, clients send: further members are kept and shown, unknown parameters mean nothing."""

import pytest

from catalog.models import Event
from identity.models import User
from tests.identity.api import Api
from tests.support.identity import make_admin, make_project, make_user, token_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api(token_for(*make_admin()))


@pytest.mark.parametrize("noun", ["user", "project", "role", "domain"])
def test_further_members_are_kept_and_merged(api, noun) -> None:
    further = {"colour": "red", "depth": [1, {"a": None}], "id": "chosen", "links": {"self": "x"}}
    answer = api.post(f"/{noun}s", {noun: {"name": "x", **further}, "further": 1})
    assert answer.status_code == 201
    made = answer.json()[noun]
    assert (made["colour"], made["depth"]) == ("red", [1, {"a": None}])
    assert made["id"] != "chosen"
    assert made["links"]["self"].endswith(made["id"])
    path = f"/{noun}s/{made['id']}"
    changed = api.patch(path, {noun: {"shape": "round", "colour": None}}).json()[noun]
    assert changed == {k: v for k, v in made.items() if k != "colour"} | {"shape": "round"}
    assert api.patch(path, {noun: {"description": "d"}}).json()[noun]["shape"] == "round"
    event = (
        Event.objects.filter(object_id=made["id"], kind=f"{noun}.updated").order_by("id").first()
    )
    assert set(event.changes) == {"extra"}


def test_further_members_give_no_rights(api) -> None:
    row = {"name": "x", "is_superuser": True, "is_staff": True, "epoch": 7, "pk": "1"}
    made = api.post("/users", {"user": row}).json()["user"]
    user = User.objects.get(pk=made["id"])
    assert not user.is_superuser
    assert user.epoch == 0


@pytest.mark.parametrize("email", ["", None])
def test_an_empty_address_of_mail_is_none(api, email) -> None:
    made = api.post("/users", {"user": {"name": "x", "email": email}})
    assert made.status_code == 201
    assert made.json()["user"]["email"] == ""


@pytest.mark.parametrize(
    ("noun", "row"),
    [
        ("user", {"name": "x", "options": {"ignore_lockout_failure_attempts": True}}),
        ("user", {"name": "x", "federated": [{"idp_id": "x"}]}),
        ("project", {"name": "x", "options": {"immutable": True}}),
        ("domain", {"name": "x", "tags": ["a"]}),
        ("project", {"name": "x", "is_domain": True}),
        ("role", {"name": "x", "domain_id": "default"}),
    ],
)
def test_what_would_be_a_lie_to_accept_is_refused(api, noun, row) -> None:
    last = list(row)[-1]
    answer = api.post(f"/{noun}s", {noun: row})
    assert answer.status_code == 400
    assert last in answer.json()["error"]["message"]
    harmless = {"options": {"immutable": False}, "federated": [], "tags": []}
    row[last] = harmless.get(last)
    assert api.post(f"/{noun}s", {noun: row}).status_code == 201


def test_a_changed_password_comes_alone(api) -> None:
    ada = make_user("ada")
    body = {"password": "new", "original_password": "old", "further": 1}
    answer = api.post(f"/users/{ada.pk}/password", {"user": body})
    assert answer.status_code == 400
    assert "further" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path",
    [
        *("users", "projects", "roles", "domains", "services", "endpoints", "regions", "groups"),
        *("role_assignments", "auth/projects", "auth/domains", "auth/catalog", "role_inferences"),
    ],
)
def test_unknown_parameters_change_nothing(api, path) -> None:
    plain, asked = api.get(f"/{path}").json(), api.get(f"/{path}?sort_key=name&nmae=x&x=").json()
    assert {**plain, "links": None} == {**asked, "links": None}


def test_names_are_compared_as_asked(api) -> None:
    for name in ("alpha", "alphabet", "beta", "AlphaX"):
        make_project(name)

    def names(query: str) -> list[str]:
        return [p["name"] for p in api.get(f"/projects?{query}").json()["projects"]]

    assert names("name__contains=lph") == ["AlphaX", "alpha", "alphabet"]
    assert names("name__startswith=bet") == ["beta"]
    assert names("name__istartswith=alpha") == ["AlphaX", "alpha", "alphabet"]
    assert names("name__endswith=ta") == ["beta"]
    assert names("name__contains=%25") == []


@pytest.mark.parametrize(
    "query",
    [
        "user.id=a&group.id=b",
        "scope.project.id=a&scope.domain.id=b",
        "scope.project.id=a&scope.system=all",
        "scope.domain.id=a&scope.system=all",
        "include_subtree=1",
        "group.id=a&effective",
    ],
)
def test_assignments_cannot_be_asked_for_twice_over(api, query) -> None:
    answer = api.get(f"/role_assignments?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["error"]["message"]
