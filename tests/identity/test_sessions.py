"""Sessions of people: who may sign in where, who acts, and when it ends."""

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.test import Client, RequestFactory

from catalog.actors import ANONYMOUS
from identity.errors import ProjectNotFound
from identity.models import User
from identity.services.assignments import assign, unassign
from identity.services.projects import update_project
from identity.services.users import set_password, update_user
from identity.sessions import KEY, actor_of, choose_project, staff_actor_of
from tests.identity.factories import PASSWORD, SYSTEM
from tests.support.identity import give_role, make_admin, make_project, make_user, role

pytestmark = pytest.mark.django_db
ADMIN = "/admin/"


def signed_in(name: str = "admin", password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": name, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get(ADMIN).status_code == 200


def request_of(user: User | None, **session: str):
    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=user.pk) if user else AnonymousUser()
    request.session = SessionStore()
    request.session.update(session)
    return request


def test_the_admin_opens_for_administrators_alone(ada, ours) -> None:
    admin, _ = make_admin()
    elsewhere = make_user("local", ours, ["admin"])
    assert is_in(signed_in())
    assert not is_in(signed_in("admin", "wrong"))
    assert not is_in(signed_in("ada"))
    assert not is_in(signed_in("local"))
    assert not is_in(signed_in("nobody"))
    assert (admin.is_staff, admin.is_superuser, elsewhere.is_staff) == (True, True, False)
    assign(ada.pk, role("admin").pk, system=True, actor=SYSTEM)
    assert is_in(signed_in("ada"))


@pytest.mark.parametrize("name", ["implied", "implying"])
def test_who_has_the_role_by_another_is_an_administrator_and_not_the_other_way(name) -> None:
    from identity.services.roles import imply

    _admin, project = make_admin()
    other = role("other")
    first, second = (other, role("admin")) if name == "implying" else (role("admin"), other)
    imply(first.pk, second.pk, actor=SYSTEM)
    user = make_user("second", project, ["other"])
    assert user.is_staff == (name == "implying")


def test_a_disabled_user_is_out_and_does_not_come_back_with_the_old_session() -> None:
    admin, _ = make_admin()
    client = signed_in()
    assert is_in(client)
    update_user(admin.pk, enabled=False, actor=SYSTEM)
    assert not is_in(client)
    update_user(admin.pk, enabled=True, actor=SYSTEM)
    assert not is_in(client)
    assert is_in(signed_in())


def test_a_kept_cookie_is_worth_nothing_after_the_password_changed() -> None:
    admin, _ = make_admin()
    client, kept = signed_in(), Client()
    kept.cookies = client.cookies.copy()
    assert is_in(kept)
    set_password(admin.pk, "another", actor=SYSTEM)
    assert not is_in(client)
    assert not is_in(kept)
    assert is_in(signed_in("admin", "another"))


def test_a_former_administrator_is_out() -> None:
    admin, project = make_admin()
    client = signed_in()
    unassign(admin.pk, role("admin").pk, project_id=project.pk, actor=SYSTEM)
    assert not is_in(client)


def test_the_form_says_when_it_slows_down(clock) -> None:
    make_admin()
    client = Client()
    data = {"username": "admin", "password": "wrong"}
    for _ in range(5):
        page = client.post("/admin/login/", data)
        assert "correct user name and password" in page.content.decode()
    page = client.post("/admin/login/", data | {"password": PASSWORD}).content.decode()
    assert "Too many failed attempts. Try again in 1 second." in page
    assert SESSION_KEY not in client.session
    clock.move(seconds=2)
    assert client.post("/admin/login/", data | {"password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("name", ["", "a\x00b", "x" * 300, "ü"])
def test_odd_names_are_refused_like_any_other(db, name) -> None:
    page = Client().post("/admin/login/", {"username": name, "password": "x"})
    assert page.status_code == 200


def test_an_actor_from_a_session(ada, ours) -> None:
    actor = actor_of(request_of(ada))
    assert (actor.user_id, actor.project_id) == (ada.pk, ours.pk)
    assert actor.roles == {"member", "reader"}
    assert not actor.is_admin
    assert actor_of(request_of(make_admin()[0])).is_admin
    assert actor_of(request_of(None)) == ANONYMOUS


def test_the_project_is_the_chosen_the_kept_the_default_or_the_first(ada, ours) -> None:
    theirs, first = make_project("theirs"), make_project("a first one")
    give_role(ada, "reader", first)
    assert actor_of(request_of(ada)).project_id == ours.pk
    assert actor_of(request_of(ada), first.pk).project_id == first.pk
    assert actor_of(request_of(ada), first.pk).roles == {"reader"}
    request = request_of(ada)
    assert choose_project(request, first.pk).project_id == first.pk
    assert request.session[KEY] == first.pk
    assert actor_of(request).project_id == first.pk
    for absent in (theirs.pk, "absent"):
        with pytest.raises(ProjectNotFound):
            actor_of(request, absent)
        assert actor_of(request_of(ada, project_id=absent)).project_id == ours.pk
    update_user(ada.pk, default_project_id=None, actor=SYSTEM)
    assert actor_of(request_of(ada)).project_id == first.pk
    for project in (first, ours):
        update_project(project.pk, enabled=False, actor=SYSTEM)
    actor = actor_of(request_of(ada))
    assert (actor.project_id, actor.roles) == (None, frozenset())


def test_a_disabled_user_acts_as_nobody(ada) -> None:
    update_user(ada.pk, enabled=False, actor=SYSTEM)
    assert actor_of(request_of(ada)) == ANONYMOUS


def test_staff_acts_as_administrator_wherever_it_works(ada, ours) -> None:
    admin, project = make_admin()
    give_role(admin, "reader", ours)
    actor = staff_actor_of(request_of(admin, project_id=ours.pk))
    assert (actor.project_id, actor.is_admin) == (project.pk, True)
    assert staff_actor_of(request_of(ada)) == ANONYMOUS
    assert staff_actor_of(request_of(None)) == ANONYMOUS
