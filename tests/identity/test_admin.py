"""The admin pages: another adapter over the services, with their events and their refusals."""

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Event
from identity.models import (
    ApplicationCredential,
    Assignment,
    Domain,
    Endpoint,
    FailedLogin,
    Project,
    ProjectTag,
    Region,
    Role,
    RoleImplication,
    Service,
    Token,
    User,
)
from identity.services.credentials import create_credential
from identity.services.tagging import set_tags
from tests.identity.api import Api
from tests.identity.factories import PASSWORD, SYSTEM
from tests.support.identity import actor_for, make_admin, make_project, make_user, role, token_for

pytestmark = pytest.mark.django_db
BASE = "/admin/identity"
NO_ROWS = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}


@pytest.fixture
def pages() -> Client:
    make_admin()
    client = Client()
    client.post("/admin/login/", {"username": "admin", "password": PASSWORD})
    return client


def inline(prefix: str, **row: str) -> dict[str, str]:
    """The management form of an inline, with one new row when there is anything in it."""
    total = {"TOTAL_FORMS": "1" if row else "0", "INITIAL_FORMS": "0"}
    return {f"{prefix}-{k}": v for k, v in total.items()} | {
        f"{prefix}-0-{k}": v for k, v in row.items()
    }


def told(page) -> str:
    return re.sub(r"\s+", " ", page.content.decode())


def test_a_user_is_made_changed_and_deleted(pages) -> None:
    ours = make_project("ours")
    form = {"name": "ada", "domain": "default", "enabled": "on", "password": "first one"}
    row = inline("assignments", role=role("member").pk, project=ours.pk)
    page = pages.post(f"{BASE}/user/add/", form | row)
    assert page.status_code == 302, told(page)
    ada = User.objects.get(name="ada")
    assert Api().sign_in("ada", "first one").status_code == 201
    assert Assignment.objects.get(user=ada).project == ours
    events = Event.objects.filter(object_id=ada.pk).order_by("id")
    assert [e.kind for e in events] == ["user.created", "role_assignment.created"]
    assert {e.actor_user_id for e in events} == {User.objects.get(name="admin").pk}
    path = f"{BASE}/user/{ada.pk}/change/"
    page = told(pages.get(path))
    assert "argon2" not in page
    assert "first one" not in page
    changed = form | {"name": "ada2", "password": "", "email": "a@example.org"}
    assert pages.post(path, changed | inline("assignments")).status_code == 302
    ada.refresh_from_db()
    assert (ada.name, ada.email) == ("ada2", "a@example.org")
    assert Api().sign_in("ada2", "first one").status_code == 201
    pages.post(path, changed | {"password": "second one"} | inline("assignments"))
    assert Api().sign_in("ada2", "first one").status_code == 401
    assert Api().sign_in("ada2", "second one").status_code == 201
    assert pages.post(f"{BASE}/user/{ada.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=ada.pk).exists()
    assert Event.objects.filter(kind="user.deleted", object_id=ada.pk).exists()
    assert "second one" not in str(list(Event.objects.values()))


def test_a_taken_name_is_told_in_the_form(pages) -> None:
    make_user("ada")
    form = {"name": "ada", "domain": "default", "enabled": "on"}
    page = pages.post(f"{BASE}/user/add/", form | inline("assignments"))
    assert page.status_code == 200
    assert "already exists" in told(page)


def test_projects_domains_and_roles(pages) -> None:
    form = {"name": "p", "domain": "default", "enabled": "on"}
    user = make_user("ada")
    row = inline("assignments", user=user.pk, role=role("reader").pk)
    assert pages.post(f"{BASE}/project/add/", form | row).status_code == 302
    project = Project.objects.get(name="p")
    assert Assignment.objects.get(user=user).project == project
    token = token_for(user, project)
    form.pop("enabled")
    pages.post(f"{BASE}/project/{project.pk}/change/", form | inline("assignments"))
    project.refresh_from_db()
    assert not project.enabled
    assert Api(token).get("/auth/projects").status_code == 401
    set_tags(project.pk, ["red", "blue"], actor=SYSTEM)
    assert "blue, red" in told(pages.get(f"{BASE}/project/{project.pk}/change/"))
    assert pages.post(f"{BASE}/domain/add/", {"name": "d", "enabled": "on"}).status_code == 302
    row = inline("implications", implied=role("reader").pk)
    assert pages.post(f"{BASE}/role/add/", {"name": "auditor"} | row).status_code == 302
    assert RoleImplication.objects.get(prior__name="auditor").implied.name == "reader"
    assert Event.objects.filter(kind="role.updated").exists()


def test_assignments_come_and_go_in_the_inline(pages) -> None:
    ours = make_project("ours")
    ada = make_user("ada", ours, ["member"])
    token = token_for(ada, ours)
    row = Assignment.objects.get(user=ada)
    form = {"name": "ada", "enabled": "on", "password": ""}
    rows = {
        "assignments-TOTAL_FORMS": "1",
        "assignments-INITIAL_FORMS": "1",
        "assignments-0-id": str(row.pk),
        "assignments-0-user": ada.pk,
        "assignments-0-DELETE": "on",
    }
    page = pages.post(f"{BASE}/user/{ada.pk}/change/", form | rows)
    assert page.status_code == 302, told(page)
    assert not Assignment.objects.filter(user=ada).exists()
    assert Api(token).get("/auth/projects").status_code == 401
    assert Event.objects.filter(kind="role_assignment.deleted", object_id=ada.pk).exists()


def test_an_assignment_of_its_own(pages) -> None:
    ours, ada = make_project("ours"), make_user("ada")
    form = {"user": ada.pk, "role": role("member").pk, "project": ours.pk}
    assert pages.post(f"{BASE}/assignment/add/", form).status_code == 302
    row = Assignment.objects.get(user=ada)
    both = form | {"system": "on"}
    assert pages.post(f"{BASE}/assignment/add/", both).status_code == 200
    assert pages.post(f"{BASE}/assignment/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Assignment.objects.filter(user=ada).exists()


def test_what_a_service_refuses_is_told_and_nothing_happens(pages) -> None:
    page = pages.post(f"{BASE}/domain/default/delete/", {"post": "yes"}, follow=True)
    assert page.status_code == 200
    assert Domain.objects.filter(pk="default").exists()
    spare = Domain.objects.create(name="spare")
    page = pages.post(f"{BASE}/domain/{spare.pk}/delete/", {"post": "yes"}, follow=True)
    assert "please disable it first" in told(page)
    assert Domain.objects.filter(pk=spare.pk).exists()
    row = inline("implications", implied=role("admin").pk)
    path = f"{BASE}/role/{role('reader').pk}/change/"
    page = pages.post(path, {"name": "renamed"} | row, follow=True)
    assert "includes" in told(page)
    assert not Role.objects.filter(name="renamed").exists()


def test_many_are_deleted_by_the_services(pages) -> None:
    first, second = make_user("first"), make_user("second")
    chosen = {"action": "delete_selected", "_selected_action": [first.pk, second.pk], "post": "yes"}
    pages.post(f"{BASE}/user/", chosen)
    assert not User.objects.filter(name__in=["first", "second"]).exists()
    assert Event.objects.filter(kind="user.deleted").count() == 2


def test_tokens_are_revoked_and_attempts_forgiven(pages) -> None:
    ada = make_user("ada", make_project("ours"))
    token = token_for(ada)
    row = Token.objects.get(user=ada)
    page = told(pages.get(f"{BASE}/token/"))
    assert str(row) in page
    assert token not in page
    assert pages.post(f"{BASE}/token/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert Api(token).get("/auth/projects").status_code == 401
    Api().sign_in("ada", "wrong")
    keys = list(FailedLogin.objects.values_list("pk", flat=True))
    assert keys
    chosen = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    pages.post(f"{BASE}/failedlogin/", chosen)
    assert not FailedLogin.objects.exists()
    for name in ("token", "failedlogin", "knownaddress"):
        assert pages.get(f"{BASE}/{name}/add/").status_code == 403


MODELS = [m for m in admin.site._registry if m._meta.app_label == "identity"]


def grow(number: int) -> None:
    project = make_project(f"p{number}", parent_id=Project.objects.get(name="admin").pk)
    user = make_user(f"u{number}", project, ["member", "reader"])
    token_for(user, project)
    Api(remote=f"192.0.2.{number}").sign_in(user.name)
    Api(remote=f"198.51.100.{number}").sign_in(f"nobody{number}")
    Domain.objects.create(name=f"d{number}")
    Role.objects.create(name=f"r{number}")
    ApplicationCredential.objects.create(name="c", user=user, project=project, secret="x")
    region = Region.objects.create(pk=f"u{number}", parent=Region.objects.first())
    service = Service.objects.create(type=f"u{number}")
    Endpoint.objects.create(service=service, region=region, interface="public", url="http://x")


def queries(pages: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert pages.get(path).status_code == 200
    return len(captured)


def test_lists_and_forms_ask_as_much_for_many_rows_as_for_few(pages) -> None:
    names = [m._meta.model_name for m in MODELS]
    paths = [f"{BASE}/{name}/" for name in names] + [f"{BASE}/{name}/?q=u" for name in names]
    paths += [f"{BASE}/project/{Project.objects.get(name='admin').pk}/change/"]
    paths += [f"{BASE}/user/{User.objects.get(name='admin').pk}/change/", f"{BASE}/user/add/"]
    grow(1)
    few = {path: queries(pages, path) for path in paths}
    for number in range(2, 8):
        grow(number)
        make_user(f"v{number}", Project.objects.get(name="admin"), ["reader"])
    many = {path: queries(pages, path) for path in paths}
    assert {p: n for p, n in many.items() if n > few[p]} == {}
    assert max(many.values()) <= 12, many


def test_every_model_has_its_page() -> None:
    from django.apps import apps

    shown_elsewhere = {RoleImplication, ProjectTag}
    models = set(apps.get_app_config("identity").get_models())
    assert models - shown_elsewhere == set(MODELS)


def test_choosing_from_many(pages) -> None:
    make_user("adalbert")
    query = {"app_label": "identity", "model_name": "assignment", "field_name": "user"}
    found = pages.get("/admin/autocomplete/", query | {"term": "adal"}).json()["results"]
    assert [one["text"] for one in found] == ["adalbert"]


def test_services_endpoints_and_regions(pages) -> None:
    assert pages.post(f"{BASE}/region/add/", {"id": "Oslo"}).status_code == 302
    form = {"type": "compute", "name": "nova", "enabled": "on"}
    assert pages.post(f"{BASE}/service/add/", form).status_code == 302
    service = Service.objects.get()
    form = {"service": service.pk, "interface": "public", "region": "Oslo", "enabled": "on"}
    refused = pages.post(f"{BASE}/endpoint/add/", form | {"url": "nowhere"}, follow=True)
    assert "must be an address" in told(refused)
    page = pages.post(f"{BASE}/endpoint/add/", form | {"url": "http://x"})
    assert page.status_code == 302, told(page)
    one = f"{BASE}/endpoint/{Endpoint.objects.get().pk}"
    assert pages.post(f"{one}/change/", form | {"url": "http://y"}).status_code == 302
    assert Endpoint.objects.get().url == "http://y"
    assert "Cannot delete region" in told(
        pages.post(f"{BASE}/region/Oslo/delete/", {"post": "yes"}, follow=True)
    )
    assert pages.post(f"{one}/delete/", {"post": "yes"}).status_code == 302
    assert pages.post(f"{BASE}/region/Oslo/delete/", {"post": "yes"}).status_code == 302
    path = f"{BASE}/service/{service.pk}/delete/"
    assert pages.post(path, {"post": "yes"}).status_code == 302
    assert not Service.objects.exists()
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert kinds >= {f"{n}.{v}" for n in ("service", "endpoint") for v in ("created", "deleted")}


def test_a_removed_service_comes_back(pages) -> None:
    admin_api = Api(token_for(*make_admin()))
    (search,) = admin_api.get("/services?type=search").json()["services"]
    admin_api.delete(f"/services/{search['id']}")
    path = f"{BASE}/service/{search['id']}/delete/"
    assert pages.post(path, {"post": "yes"}).status_code == 302
    assert admin_api.get("/services?type=search").json()["services"] == [search]


def test_an_application_credential_is_seen_and_ended(pages) -> None:
    ours = make_project("ours")
    ada = make_user("ada", ours)
    row, secret = create_credential(ada.pk, name="ci", actor=actor_for(ada, ours))
    page = told(pages.get(f"{BASE}/applicationcredential/{row.pk}/change/"))
    assert "ci" in page
    assert secret not in page
    assert row.secret not in page
    path = f"{BASE}/applicationcredential/{row.pk}/delete/"
    assert pages.post(path, {"post": "yes"}).status_code == 302
    assert not ApplicationCredential.objects.exists()


def test_members_see_nothing(pages) -> None:
    make_user("ada", make_project("ours"), ["manager"])
    client = Client()
    client.post("/admin/login/", {"username": "ada", "password": PASSWORD})
    for model in MODELS:
        assert client.get(f"{BASE}/{model._meta.model_name}/").status_code == 302
