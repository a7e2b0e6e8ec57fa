"""Whatever comes in, the answer is a 4xx that names what was wrong, and nothing is left behind."""

import json
from functools import reduce

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Event
from identity.models import Domain, Project, Role, Token, User
from tests.identity.api import Api, by_password, by_token
from tests.support.identity import make_admin, make_project, make_user, token_for

pytestmark = pytest.mark.django_db


def rows() -> tuple[int, ...]:
    return tuple(m.objects.count() for m in (Domain, Event, Project, Role, User))


@pytest.fixture
def api() -> Api:
    return Api(token_for(*make_admin()))


RAW = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "NUL in text": b'{"user": {"name": "a\\u0000b"}}',
    "half a surrogate": b'{"user": {"name": "\\ud800"}}',
    "no UTF-8": b'{"user": {"name": "\xff"}}',
    "deep": b'{"user":' * 5000 + b"1" + b"}" * 5000,
    "NaN": b'{"user": NaN}',
}


@pytest.mark.parametrize("raw", RAW)
@pytest.mark.parametrize(
    "path",
    [
        *("/auth/tokens", "/users", "/projects", "/roles", "/domains"),
        *("/services", "/endpoints", "/regions", "/users/x/application_credentials"),
    ],
)
def test_bodies_that_are_no_objects(api, raw, path) -> None:
    before = rows()
    answer = api.call("POST", path, RAW[raw])
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert rows() == before


def wrong(path: str, value: object) -> dict:
    """A good request for a token with one member replaced; `...` takes it out."""
    body = by_password("ada", scope={"project": {"name": "ours", "domain": {"id": "default"}}})
    *above, last = path.split(".")
    parent = reduce(lambda one, key: one[key], above, body)
    if value is ...:
        del parent[last]
    else:
        parent[last] = value
    return body


USER = "auth.identity.password.user"
TOKEN_REQUESTS = [
    ("auth", ...),
    ("auth", []),
    ("auth.identity", ...),
    ("auth.identity", "x"),
    ("auth.identity.methods", ...),
    ("auth.identity.methods", []),
    ("auth.identity.methods", "password"),
    ("auth.identity.methods", [1]),
    ("auth.identity.methods", [["password"]]),
    ("auth.identity.methods", ["token"]),
    ("auth.identity.password", ...),
    ("auth.identity.password", None),
    (USER, ...),
    (USER, []),
    (f"{USER}.name", ...),
    (f"{USER}.name", 1),
    (f"{USER}.name", " "),
    (f"{USER}.name", "x" * 256),
    (f"{USER}.id", None),
    (f"{USER}.id", {}),
    (f"{USER}.domain", ...),
    (f"{USER}.domain", "default"),
    (f"{USER}.domain", {}),
    (f"{USER}.domain.id", 1),
    (f"{USER}.password", ...),
    (f"{USER}.password", 12345),
    (f"{USER}.password", None),
    (f"{USER}.password", "x" * 5000),
    ("auth.scope", 1),
    ("auth.scope", "project"),
    ("auth.scope", {}),
    ("auth.scope", {"project": 1}),
    ("auth.scope", {"project": {}}),
    ("auth.scope", {"project": {"name": "ours"}}),
    ("auth.scope", {"project": {"id": 1}}),
    ("auth.scope", {"project": {"id": "x"}, "domain": {"id": "default"}}),
    ("auth.scope", {"domain": {}}),
    ("auth.scope", {"system": {}}),
    ("auth.scope", {"system": {"all": False}}),
    ("auth.scope", {"OS-TRUST:trust": {"id": "x"}}),
]


@pytest.mark.parametrize(("path", "value"), TOKEN_REQUESTS)
def test_requests_for_tokens(path, value) -> None:
    make_user("ada", make_project("ours"))
    answer = Api().post("/auth/tokens", wrong(path, value))
    assert answer.status_code == 400
    named = path.split(".")[:2]
    assert any(part in answer.json()["error"]["message"] for part in (path, *named))
    assert Token.objects.count() == 0
    assert Api().post("/auth/tokens", wrong("auth.identity.x", 1)).status_code == 201


@pytest.mark.parametrize("method", ["totp", "mapped", "external", "Password"])
def test_methods_that_are_not_known(db, method) -> None:
    answer = Api().post("/auth/tokens", wrong("auth.identity.methods", ["password", method]))
    assert answer.status_code == 401
    assert "unsupported" in answer.json()["error"]["message"]


@pytest.mark.parametrize("token", ["", "x", "vt-", "vt-\x7f", "ü", "x" * 1000])
def test_tokens_that_are_none(db, token) -> None:
    assert Api().post("/auth/tokens", by_token(token)).status_code in {400, 401}


WRITES = [
    ("user", {}),
    ("user", {"name": None}),
    ("user", {"name": ""}),
    ("user", {"name": "  "}),
    ("user", {"name": "x" * 256}),
    ("user", {"name": ["x"]}),
    ("user", {"name": "x", "enabled": "yes"}),
    ("user", {"name": "x", "enabled": None}),
    ("user", {"name": "x", "email": 1}),
    ("user", {"name": "x", "password": ""}),
    ("user", {"name": "x", "password": 1}),
    ("user", {"name": "x", "password": "x" * 5000}),
    ("user", {"name": "x", "description": {}}),
    ("user", {"name": "x", "description": "x" * 70000}),
    ("user", {"name": "x", "domain_id": 1}),
    ("user", {"name": "x", "options": {"ignore_lockout": True}}),
    ("project", {}),
    ("project", {"name": "x" * 65}),
    ("project", {"name": "x", "is_domain": True}),
    ("project", {"name": "x", "tags": ["a,b"]}),
    ("project", {"name": "x", "parent_id": []}),
    ("project", {"name": "x", "colour": "r" * 70000}),
    ("role", {}),
    ("role", {"name": 1}),
    ("role", {"name": "x", "domain_id": "default"}),
    ("domain", {}),
    ("domain", {"name": "x" * 65}),
]


@pytest.mark.parametrize(("noun", "row"), WRITES)
def test_writes(api, noun, row) -> None:
    before = rows()
    answer = api.post(f"/{noun}s", {noun: row})
    assert answer.status_code == 400
    told = answer.json()["error"]["message"]
    last = list(row)[-1] if row else "name"
    assert last in told or (last == "colour" and "further members" in told)
    assert "xxxxx" not in told
    assert rows() == before
    if row:
        ids = {"user": User, "project": Project, "role": Role, "domain": Domain}
        key = ids[noun].objects.first().pk
        assert api.patch(f"/{noun}s/{key}", {noun: row}).status_code == 400
        assert rows() == before


@pytest.mark.parametrize(
    ("noun", "row"),
    [
        ("user", {"name": "x", "default_project_id": "absent"}),
        ("project", {"name": "x", "domain_id": "absent"}),
        ("project", {"name": "x", "parent_id": "absent"}),
    ],
)
def test_writes_that_point_to_nothing(api, noun, row) -> None:
    before = rows()
    answer = api.post(f"/{noun}s", {noun: row})
    assert answer.status_code == 400
    assert "absent" in answer.json()["error"]["message"]
    assert rows() == before


@pytest.mark.parametrize(
    "path",
    [
        "/users/%00",
        "/users/a%00b",
        "/users/%ff",
        "/users/" + "x" * 2000,
        "/projects/%F0%9F%9A%80",
        "/users?name=%00",
        "/users?%00=1",
        "/users?marker=%00",
        "/users?name=%ff",
        "/users?name=" + "x" * 3000,
        "/role_assignments?user.id=%00",
        "/projects/%00/users/%00/roles/%00",
        "/users/%00/application_credentials/%00",
        "/services/%00",
        "/endpoints?service_id=%00",
        "/regions/%00",
        "/regions/" + "x" * 2000,
        "/projects/x?parents_as_ids=%ff",
        "/users//",
        "//users",
        "/..%2f..%2f",
    ],
)
def test_addresses(api, path) -> None:
    assert api.get(path).status_code in {200, 400, 404}
    if "%00" in path:
        assert api.get(path).status_code in {400, 404}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["auth", "identity", "methods", "password", "token", "scope", "user", "domain", "name", "id"]
)
SHAPED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("password") | st.just("token"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.one_of(JSON, SHAPED, SHAPED.map(lambda v: {"auth": {"identity": v}})))
def test_no_body_is_a_failure_of_ours(db, body) -> None:
    raw = json.dumps(body).encode()
    assert 400 <= Api().call("POST", "/auth/tokens", raw).status_code < 500


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(row=st.dictionaries(st.sampled_from(["name", "enabled", "email", "domain_id", "x"]), JSON))
def test_no_user_is_a_failure_of_ours(api, row) -> None:
    answer = api.call("POST", "/users", json.dumps({"user": row}).encode())
    assert answer.status_code in {201, 400, 404, 409}


VALUES = JSON | st.sampled_from(
    ["x", "public", "/x", "http://x/$(x)s", "%(", "2030-01-01", "\U0001f680"]
)
WRITTEN = {
    "user": ["name", "password", "options", "extra", "default_project_id"],
    "project": ["name", "parent_id", "tags", "domain_id", "extra"],
    "service": ["type", "name", "enabled", "description", "x"],
    "endpoint": ["service_id", "interface", "url", "region", "region_id", "enabled", "x"],
    "region": ["id", "description", "parent_region_id", "x"],
    "application_credential": [
        *("name", "secret", "roles", "expires_at", "unrestricted", "access_rules", "description")
    ],
}


@pytest.mark.parametrize("noun", WRITTEN)
def test_no_document_is_a_failure_of_ours(api, noun) -> None:
    user = User.objects.get(name="admin").pk
    path = f"/users/{user}/{noun}s" if noun == "application_credential" else f"/{noun}s"
    service = api.get("/services").json()["services"][0]["id"]

    @settings(max_examples=60, deadline=None)
    @given(row=st.dictionaries(st.sampled_from(WRITTEN[noun]), VALUES))
    def check(row: dict) -> None:
        if row.get("service_id") == "x":
            row["service_id"] = service
        raw = json.dumps({noun: row}).encode()
        for method, address in (("POST", path), ("PATCH", f"{path}/absent")):
            answer = api.call(method, address, raw)
            assert answer.status_code in {201, 400, 404, 405, 409}, answer.content

    check()
