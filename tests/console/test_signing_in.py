"""Who comes in, how, and with which headers the pages answer."""

import pytest
from django.test import Client

from identity.services.users import update_user
from tests.console.conftest import Answer, Person
from tests.identity.factories import PASSWORD, SYSTEM
from tests.support.identity import give_role, make_project

pytestmark = pytest.mark.django_db


def sign_in(client: Client, name: str, password: str, to: str = ""):
    return client.post("/sign-in", {"username": name, "password": password, "next": to})


def test_strangers_are_asked_to_sign_in_and_come_back_to_where_they_wanted(
    ada, client, index
) -> None:
    answer = client.get("/?q=debian&tags=lts")
    assert answer.status_code == 302
    assert answer.url == "/sign-in?next=/%3Fq%3Ddebian%26tags%3Dlts"
    answer = sign_in(client, "ada", PASSWORD, "/?q=debian&tags=lts")
    assert answer.url == "/?q=debian&tags=lts"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("ada", "")]
)
def test_who_cannot_prove_it_stays_outside(ada, client: Client, name: str, password: str) -> None:
    answer = sign_in(client, name, password)
    assert answer.status_code == 200
    page = Answer(answer)
    assert "enter a correct user name" in page.text or "This field is required" in page.text
    assert client.get("/").status_code == 302


def test_nobody_is_sent_elsewhere_after_signing_in(ada, client: Client) -> None:
    assert sign_in(client, "ada", PASSWORD, "https://example.org/").url == "/"


def test_signing_out_needs_a_deliberate_act(ada: Person) -> None:
    assert ada.client.get("/sign-out").status_code == 405
    assert ada.client.post("/sign-out").url == "/sign-in"
    assert ada.client.get("/").status_code == 302


def test_forms_need_the_pages_own_token(ada: Person) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada.user)
    assert strict.post("/sign-out").status_code == 403
    assert strict.post("/project", {"project": "x"}).status_code == 403


def test_a_disabled_user_is_out_at_once(ada: Person, index) -> None:
    assert ada.get().status == 200
    update_user(ada.user.pk, enabled=False, actor=SYSTEM)
    assert ada.get().status == 302


def test_the_pages_script_is_told_when_the_session_has_ended(client: Client) -> None:
    assert client.get("/", headers={"X-Fragment": "1"}).status_code == 401


@pytest.mark.parametrize("path", ["/", "/sign-in", "/assets/OS::Glance::Image/nothing"])
def test_pages_run_no_foreign_code_and_are_kept_nowhere(ada: Person, index, path: str) -> None:
    client = Client() if path == "/sign-in" else ada.client
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    page = Answer(answer)
    assert "style=" not in page.html
    assert page.html.count("<script") == 1
    assert " onclick" not in page.html
    assert page.tags.count("script") == 1


def test_another_project_is_chosen_and_kept(ada: Person, theirs, index) -> None:
    ada.image("of ours")
    give_role(ada.user, "member", theirs)
    index()
    assert ada.get().assets == ["of ours"]
    answer = ada.client.post("/project", {"project": theirs.pk, "next": "/?sort=name"})
    assert answer.url == "/?sort=name"
    assert ada.get().assets == []
    assert ada.client.post("/project", {"project": theirs.pk, "next": "//example.org"}).url == "/"


def test_a_project_without_a_role_is_not_there(ada: Person, theirs, index) -> None:
    ada.image("of ours")
    index()
    assert ada.client.post("/project", {"project": theirs.pk}).status_code == 404
    assert ada.get().assets == ["of ours"]


def test_who_has_no_project_is_told_so_and_sees_nothing(index) -> None:
    root = Person("root", make_project("admin"), roles=("admin",))
    row = root.image("for everybody", visibility="public")
    index()
    assert root.get().assets == ["for everybody"]
    eve = Person("eve")
    page = eve.get()
    assert page.status == 200
    assert "You have no role in any project" in page.text
    assert page.assets == []
    assert eve.get(f"/assets/OS::Glance::Image/{row.pk}").status == 404
