"""Signing in to the pages and the admin with Keystone's passwords."""

import dataclasses
from typing import Any

import pytest
from django.test import Client

from catalog import clock
from identity.conf import IdentityConfig
from identity.models import User
from identity.services.users import update_user
from tests.identity.factories import PASSWORD as LOCAL
from tests.identity.factories import SYSTEM
from tests.keystone.conftest import Configure
from tests.support.identity import make_admin, make_project, make_user
from tests.support.keystone import PASSWORD, Cloud, Forwarder, Person

pytestmark = [pytest.mark.keystone, pytest.mark.django_db]


def sign_in(client: Client, person: Person | str, password: str = PASSWORD, at: str = "/sign-in"):
    name = person if isinstance(person, str) else person.name
    return client.post(at, {"username": name, "password": password})


def signed_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def administrator(cloud: Cloud) -> Person:
    """A new user with the role admin on Keystone's project admin."""
    found = cloud.call("GET", "/projects?name=admin&domain_id=default")["projects"][0]
    return cloud.person("admin", project=found)


def test_a_person_works_in_keystones_projects(cloud: Cloud, pages: Configure, client: Any) -> None:
    pages()
    ada = cloud.person("member")
    other = cloud.project()
    assert sign_in(client, ada, "wrong").status_code == 200
    assert not signed_in(client)
    assert sign_in(client, ada).status_code == 302
    page = client.get("/")
    assert page.status_code == 200
    assert ada.project in page.content.decode()
    assert other["name"] not in page.content.decode()
    actor = page.context["visitor"].actor
    assert (actor.user_id, actor.project_id) == (ada.id, ada.project_id)
    assert actor.roles == {"member", "reader"}
    assert client.post("/project", {"project": other["id"]}).status_code == 404
    row = User.objects.get(pk=ada.id)
    assert (row.name, row.domain_id, row.has_usable_password()) == (ada.name, "keystone", False)
    assert client.get("/admin/").status_code == 302
    client.post("/sign-out")
    assert not signed_in(client)


def test_the_admin_opens_for_keystones_admins_alone(
    cloud: Cloud, pages: Configure, client: Any
) -> None:
    pages()
    elsewhere = cloud.person("admin")  # on a project of its own
    assert sign_in(client, elsewhere, at="/admin/login/").status_code == 200
    assert client.get("/admin/").status_code == 302
    boss = administrator(cloud)
    assert sign_in(client, boss, at="/admin/login/").status_code == 302
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/artifacts/artifact/").status_code == 200
    system = cloud.person()
    cloud.call("PUT", f"/system/users/{system.id}/roles/{cloud.find('role', 'admin')}")
    again = Client()
    assert sign_in(again, system, at="/admin/login/").status_code == 302
    assert again.get("/admin/").status_code == 200


def test_rights_end_when_keystone_ends_them(cloud: Cloud, pages: Configure, client: Any) -> None:
    pages(cache_seconds=0, refused_cache_seconds=0)
    boss = administrator(cloud)
    sign_in(client, boss)
    assert client.get("/admin/").status_code == 200
    cloud.grant(boss, "member")
    cloud.grant(boss, "admin", take=True)
    assert client.get("/admin/").status_code == 302
    assert signed_in(client)
    cloud.call("PATCH", f"/users/{boss.id}", {"user": {"enabled": False}})
    assert not signed_in(client)
    cloud.call("PATCH", f"/users/{boss.id}", {"user": {"enabled": True}})
    assert not signed_in(client)


def test_a_name_that_moves_on_in_keystone(cloud: Cloud, pages: Configure, client: Any) -> None:
    pages()
    old = cloud.person("member")
    sign_in(client, old)
    cloud.call("DELETE", f"/users/{old.id}")
    new = cloud.person("member", name=old.name)
    assert sign_in(Client(), new).status_code == 302
    assert User.objects.get(pk=new.id).name == new.name
    assert User.objects.get(pk=old.id).name == f"{old.name} ({old.id})"


def test_another_domain_is_named_before_the_user(
    cloud: Cloud, pages: Configure, client: Any
) -> None:
    pages()
    domain = cloud.create("domain", name=cloud.project()["name"])
    user = cloud.create("user", name="ada", domain_id=domain["id"], password=PASSWORD)
    assert sign_in(client, "ada").status_code == 200
    assert sign_in(client, f"{domain['name']}\\ada").status_code == 302
    assert User.objects.get(pk=user["id"]).name == f"{domain['name']}\\ada"


def test_while_keystone_is_away_local_admins_get_in(
    cloud: Cloud, pages: Configure, client: Any, way: tuple[Forwarder, str]
) -> None:
    forwarder, region = way
    pages(auth_url=forwarder.url, region=region, cache_seconds=0, retries=0)
    admin, _ = make_admin()
    make_user("local", make_project("ours"))
    ada = cloud.person("member")
    sign_in(client, ada)
    assert signed_in(client)
    forwarder.cut()
    assert client.get("/").status_code == 503
    told = sign_in(Client(), ada)
    assert "Keystone does not answer" in told.content.decode()
    assert sign_in(client, "local", LOCAL).status_code == 200  # no administrator
    assert sign_in(client, admin.name, LOCAL).status_code == 302
    assert client.get("/admin/").status_code == 200
    forwarder.mend()
    again = Client()
    sign_in(again, ada)
    assert signed_in(again)

    pages(local_admins=False)
    assert client.get("/admin/").status_code == 302
    assert sign_in(client, admin.name, LOCAL).status_code == 200


def test_guessing_is_slowed_down_and_does_not_lock_out_local_admins(
    cloud: Cloud, pages: Configure, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages()
    moment = clock.now()
    monkeypatch.setattr("identity.throttle.database_time", lambda: moment)
    ada, (admin, _) = cloud.person("member"), make_admin()
    for _ in range(6):
        sign_in(client, ada, "wrong")
    assert "Too many" in sign_in(client, ada).content.decode()
    for _ in range(6):
        assert sign_in(client, admin.name, LOCAL).status_code == 302
        client.post("/sign-out")


def test_strangers_who_guess_do_not_lock_out_whom_they_guess(
    cloud: Cloud, pages: Configure, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages()
    moment = clock.now()
    monkeypatch.setattr("identity.throttle.database_time", lambda: moment)
    builtin = dataclasses.replace(settings.VITRINE[IdentityConfig], login_free_attempts=2)
    settings.VITRINE = {**settings.VITRINE, IdentityConfig: builtin}
    ada = cloud.person("member")
    home, elsewhere = Client(REMOTE_ADDR="192.0.2.1"), Client(REMOTE_ADDR="192.0.2.2")
    assert sign_in(home, ada).status_code == 302
    for number in range(8):
        sign_in(Client(REMOTE_ADDR=f"198.51.100.{number}"), ada, "guessed")
    assert "Too many failed attempts" in sign_in(elsewhere, ada).content.decode()
    assert sign_in(Client(REMOTE_ADDR="192.0.2.1"), ada).status_code == 302
    for _ in range(3):  # an address that is known guesses no more than others
        told = sign_in(Client(REMOTE_ADDR="192.0.2.1"), ada, "guessed")
    assert "Too many failed attempts" in told.content.decode()


def test_a_disabled_shadow_stays_outside(cloud: Cloud, pages: Configure, client: Any) -> None:
    pages()
    ada = cloud.person("member")
    sign_in(client, ada)
    update_user(ada.id, enabled=False, actor=SYSTEM)
    assert not signed_in(client)
    assert sign_in(client, ada).status_code == 200


def test_the_cookie_tells_no_token_and_none_can_be_slipped_in(
    cloud: Cloud, pages: Configure, client: Any
) -> None:
    pages()
    ada = cloud.person("member")
    sign_in(client, ada)
    session = client.session
    assert "gAAAA" in session["keystone"]
    session["keystone"] = ada.token(unscoped=True)
    session.save()
    client.cookies["sessionid"] = session.session_key
    assert not signed_in(client)
