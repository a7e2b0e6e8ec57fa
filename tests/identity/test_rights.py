"""Who may do what: every verb for every kind of caller, on their own things and on others'."""

from dataclasses import dataclass

import pytest
from django.db import transaction

from catalog.models import Event
from identity.caching import actors
from identity.models import Assignment, Domain, Project, Role, User
from identity.services.assignments import assign
from identity.services.issuing import SystemScope, issue
from tests.identity.api import Api
from tests.identity.factories import SYSTEM
from tests.support.identity import make_admin, make_project, make_user, role, token_for

pytestmark = pytest.mark.django_db

CALLERS = (
    *("admin", "project admin", "manager", "member", "reader", "service"),
    *("of another project", "unscoped", "system reader", "anonymous"),
)
ADMINS = {"admin", "project admin"}
READERS = ADMINS | {"system reader"}
INSIDE = {"manager", "member", "reader", "service", "of another project"}
KNOWN = set(CALLERS) - {"anonymous"}


@dataclass
class World:
    """`tokens` by caller; the things they reach for are another user's."""

    tokens: dict[str, str | None]
    users: dict[str, User]
    ours: Project
    spare: Project
    bob: User
    role: Role
    domain: Domain


@pytest.fixture
def world() -> World:
    ours, theirs, spare = map(make_project, ("ours", "theirs", "spare"))
    admin, admins = make_admin()
    users = {"admin": admin, "of another project": make_user("other", theirs, ["member"])}
    for name in ("manager", "member", "reader", "service"):
        users[name] = make_user(f"our {name}", ours, [name])
    users["project admin"] = make_user("our admin", ours, ["admin"])
    users["unscoped"] = make_user("wanderer", ours, ["member"])
    users["system reader"] = make_user("auditor")
    assign(users["system reader"].pk, role("reader").pk, system=True, actor=SYSTEM)
    where = {"admin": admins, "of another project": theirs, "unscoped": None}
    tokens = {
        name: token_for(user, where.get(name, ours))
        for name, user in users.items()
        if name != "system reader"
    }
    tokens["system reader"] = issue(users["system reader"], SystemScope(), methods=("password",))[0]
    return World(
        tokens={**tokens, "anonymous": None},
        users=users,
        ours=ours,
        spare=spare,
        bob=make_user("bob", spare, ["member"]),
        role=role("member"),
        domain=Domain.objects.create(name="elsewhere", enabled=False),
    )


VERBS = {
    "GET /domains": (200, READERS),
    "GET /domains/{domain}": (200, READERS),
    "POST /domains": (201, ADMINS),
    "PATCH /domains/{domain}": (200, ADMINS),
    "DELETE /domains/{domain}": (204, ADMINS),
    "GET /projects": (200, READERS),
    "GET /projects/{ours}": (200, READERS | {"manager", "member", "reader", "service"}),
    "GET /projects/{spare}": (200, READERS),
    "GET /projects/absent": (404, READERS),
    "POST /projects": (201, ADMINS),
    "PATCH /projects/{ours}": (200, ADMINS),
    "DELETE /projects/{spare}": (204, ADMINS),
    "GET /users": (200, READERS),
    "GET /users/{bob}": (200, READERS),
    "GET /users/absent": (404, READERS),
    "GET /users/{self}": (200, KNOWN),
    "POST /users": (201, ADMINS),
    "PATCH /users/{bob}": (200, ADMINS),
    "PATCH /users/{self}": (200, ADMINS),
    "DELETE /users/{bob}": (204, ADMINS),
    "GET /users/{bob}/projects": (200, READERS),
    "GET /users/{self}/projects": (200, KNOWN),
    "GET /users/{bob}/groups": (200, KNOWN),
    "GET /groups": (200, KNOWN),
    "GET /roles": (200, READERS),
    "GET /roles/{role}": (200, READERS),
    "POST /roles": (201, ADMINS),
    "PATCH /roles/{role}": (200, ADMINS),
    "DELETE /roles/{role}": (204, ADMINS),
    "GET /roles/{role}/implies": (200, READERS),
    "GET /roles/{role}/implies/{reader}": (200, READERS),
    "HEAD /roles/{role}/implies/{reader}": (204, READERS),
    "PUT /roles/{role}/implies/{service}": (201, ADMINS),
    "DELETE /roles/{role}/implies/{reader}": (204, ADMINS),
    "GET /role_inferences": (200, READERS),
    "GET /role_assignments": (200, READERS),
    "GET /role_assignments?user.id={bob}": (200, READERS),
    "GET /role_assignments?user.id={self}": (200, KNOWN),
    "GET /projects/{spare}/users/{bob}/roles": (200, READERS),
    "GET /projects/{spare}/users/{bob}/roles/{role}": (204, READERS),
    "HEAD /projects/{spare}/users/{bob}/roles/{role}": (204, READERS),
    "HEAD /projects/{spare}/users/{bob}/roles/absent": (404, READERS),
    "PUT /projects/{ours}/users/{bob}/roles/{role}": (204, ADMINS),
    "PUT /projects/{ours}/users/{self}/roles/{admin}": (204, ADMINS),
    "DELETE /projects/{spare}/users/{bob}/roles/{role}": (204, ADMINS),
    "PUT /domains/default/users/{bob}/roles/{role}": (204, ADMINS),
    "GET /domains/default/users/{bob}/roles": (200, READERS),
    "PUT /system/users/{self}/roles/{admin}": (204, ADMINS),
    "GET /system/users/{bob}/roles": (200, READERS),
    "GET /services": (200, READERS),
    "GET /services/absent": (404, READERS),
    "GET /endpoints": (200, READERS),
    "GET /endpoints/absent": (404, READERS),
    "GET /regions": (200, KNOWN),
    "GET /regions/RegionOne": (200, KNOWN),
    "GET /users/{bob}/application_credentials": (200, READERS),
    "GET /auth/catalog": (200, KNOWN - {"unscoped"}),
    "GET /auth/projects": (200, KNOWN),
    "GET /auth/domains": (200, KNOWN),
    "GET /auth/system": (200, KNOWN),
}
BODIES = {
    "domains": {"domain": {"name": "new"}},
    "projects": {"project": {"name": "new"}},
    "users": {"user": {"name": "new", "password": "pw"}},
    "roles": {"role": {"name": "new"}},
}


def ids(world: World, caller: str) -> dict[str, str]:
    user = world.users.get(caller)
    return {
        "self": user.pk if user else "nobody",
        "ours": world.ours.pk,
        "spare": world.spare.pk,
        "bob": world.bob.pk,
        "role": world.role.pk,
        "domain": world.domain.pk,
        **{name: role(name).pk for name in ("admin", "reader", "service")},
    }


def rows() -> dict[str, int]:
    counted = (Assignment, Domain, Event, Project, Role, User)
    return {model.__name__: model.objects.count() for model in counted}


@pytest.mark.parametrize("caller", CALLERS)
def test_rights(world: World, caller: str) -> None:
    """Every verb in turn, each undone before the next; a refusal leaves nothing behind."""
    refused = 401 if caller == "anonymous" else 403
    api, names, before = Api(world.tokens[caller]), ids(world, caller), rows()
    wrong = {}
    for verb, (status, allowed) in VERBS.items():
        method, _, path = verb.partition(" ")
        path = path.format(**names)
        body = BODIES[path.split("/")[1]] if method in {"POST", "PATCH"} else None
        with transaction.atomic():
            answer = api.call(method, path, body)
            if caller not in allowed:
                assert rows() == before, verb
                assert method == "HEAD" or answer.json()["error"]["code"] == refused, verb
            transaction.set_rollback(True)
        actors.clear()
        wanted = status if caller in allowed else refused
        if answer.status_code != wanted:
            wrong[verb] = (answer.status_code, wanted)
    assert wrong == {}


def test_the_table_names_every_path() -> None:
    """A path that nobody wrote down here has rights that nobody thought about."""
    from identity.api.v3.urls import urlpatterns

    tested = {verb.split(" ")[1].partition("?")[0].strip("/").split("/")[0] for verb in VERBS}
    routed = {
        str(p.pattern).removeprefix("v3").strip("/").split("/")[0]
        for p in urlpatterns
        if str(p.pattern).startswith("v3/")
    } - {""}
    assert routed == tested


def test_what_is_hidden_and_what_is_absent_get_one_answer(world: World) -> None:
    api = Api(world.tokens["member"])
    for noun, hidden in (("users", world.bob.pk), ("projects", world.spare.pk)):
        answers = [api.get(f"/{noun}/{key}") for key in (hidden, "absent")]
        told = [a.json() for a in answers]
        assert [a.status_code for a in answers] == [403, 403]
        assert told[0] == told[1]
