"""A Keystone that answers in a shape that it never promised: 503, one line in the log, and nothing remembered."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from catalog.api.authentication import _authenticator
from identity.errors import KeystoneUnavailable, TokenRefused
from identity.keystone import authentication, connection, limits
from identity.keystone.authentication import authenticate
from images.limits.resources import Resource
from settings.unified_limits import KeystoneLimits
from tests.keystone.conftest import Configure
from tests.support.crooked import ADA, BOSS, PROJECT, SERVICE, Crooked, Reply, crooked_keystone
from tests.support.keystone import Person

OF_ADA = {"X-Auth-Token": f"{ADA}/{PROJECT}"}

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<html>Welcome</html>",
    "cut off": b'{"token": {"user"',
    "not UTF-8": b'{"token": "\xff"}',
    "too deep": b"[" * 100_000,
    "null": b"null",
    "a list": b"[]",
    "a string": b'"token projects version model limits services registered_limits"',
    "a number": b"5",
    "an empty object": b"{}",
    "other members": b'{"error": 5}',
    "null within": b'{"token":null,"projects":null,"version":null,"model":null,"services":null,'
    b'"limits":null,"registered_limits":null}',
    "an empty string within": b'{"token":"","projects":"","version":"","model":"","services":"",'
    b'"limits":"","registered_limits":""}',
    "a number within": b'{"token":1,"projects":1,"version":1,"model":1,"services":1,'
    b'"limits":1,"registered_limits":1}',
    "a list within": b'{"token":[],"projects":[[]],"version":[],"model":[],"services":[[]],'
    b'"limits":[[]],"registered_limits":[[]]}',
    "a list of null": b'{"token":[null],"projects":[null],"version":[null],"model":[null],'
    b'"services":[null],"limits":[null],"registered_limits":[null]}',
    "hollow": b'{"token":{},"projects":[{}],"version":{},"model":{},"services":[{}],'
    b'"limits":[{}],"registered_limits":[{}]}',
}

LEFT_OUT = object()
TOKENS: list[tuple[str, Any]] = [
    *((name, value) for name in ("user", "expires_at") for value in (LEFT_OUT, None, [], {}, 5)),
    *(("user", {"id": one, "name": "ada"}) for one in (None, 5, "", [], "x" * 65, "a\0b")),
    *(("user", {"id": "ada", "name": one}) for one in (None, 5, "", {}, "x" * 256, "a\0b")),
    ("user", {"id": "ada"}),
    ("user", {"name": "ada"}),
    *(("expires_at", one) for one in ("", "tomorrow", "2099-13-01T00:00:00Z", "0001-01-01T00:00:00+23:00")),
    *(("roles", one) for one in (None, {}, "admin", 5, ["admin"], [None], [{}], [{"name": None}], [{"name": 5}])),
    *(("project", one) for one in (None, [], "x", {}, {"id": 5, "name": "x"}, {"id": "x"})),
    *(("domain", one) for one in (None, [], "x", {}, {"id": None})),
    *(("system", one) for one in (None, [], "all", {"all": "yes"})),
    *(("audit_ids", one) for one in (None, {}, "x", [None], [5])),
    *(("application_credential", one) for one in (None, [], {"restricted": "no"})),
]  # fmt: skip
CATALOGS: list[Any] = [
    LEFT_OUT, None, [], {}, "x", 5, [None], [5], [[]], [{}], [{"type": "identity"}],
    [{"type": "identity", "endpoints": None}],
    [{"type": "identity", "endpoints": [None]}],
    [{"type": "identity", "endpoints": [{}]}],
    [{"type": "identity", "endpoints": [{"interface": "internal", "url": None, "region": "one"}]}],
    [{"type": "identity", "endpoints": [{"interface": "internal", "url": 5, "region": "one"}]}],
    [{"type": "identity", "endpoints": [{"interface": "internal", "url": "x", "region": "one"}]}],
    [{"type": None, "endpoints": []}],
]  # fmt: skip


@pytest.fixture
def keystone() -> Iterator[Crooked]:
    with crooked_keystone() as found:
        yield found


@pytest.fixture(scope="session")
def service() -> Person:
    """In place of the one in the real Keystone."""
    return Person(name=SERVICE, id=f"{SERVICE}-id", project=PROJECT, project_id=PROJECT)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The lines about Keystone since the last call."""
    caplog.set_level(logging.WARNING, logger="identity")

    def lines() -> list[str]:
        found = [one.getMessage() for one in caplog.records if one.name.startswith("identity")]
        caplog.clear()
        return found

    return lines


@pytest.fixture
def door(settings: Any) -> Iterator[None]:
    """The APIs ask Keystone."""
    settings.AUTHENTICATOR = "identity.keystone.authentication.authenticate"
    _authenticator.cache_clear()
    yield
    _authenticator.cache_clear()


def refused(ask: Callable[[], object], log: Callable[[], list[str]]) -> str:
    """What the log says of an answer that cannot be used."""
    log()
    with pytest.raises(KeystoneUnavailable) as told:
        ask()
    assert told.value.facts["headers"] == {"Retry-After": "5"}
    lines = log()
    assert len(lines) == 1
    return lines[0]


def with_token(keystone: Crooked, subject: str, name: str, value: Any) -> Reply:
    """The right answer about a token, one member of it changed."""
    document = keystone.token(subject)
    document["token"].pop(name, None)
    if value is not LEFT_OUT:
        document["token"][name] = value
    return Reply(document, 200, subject=subject)


def named(value: object) -> str:
    return "left out" if value is LEFT_OUT else repr(value)[:60].replace("\0", "NUL")


class TestValidation:
    def check(
        self, keystone: Crooked, configure: Configure, log: Any, reply: Reply, told: str = ""
    ) -> None:
        configure(auth_url=keystone.url, cache_seconds=300, refused_cache_seconds=300, retries=0)
        keystone.answers["validation"] = reply
        for _ in range(2):
            assert told in refused(lambda: authenticate(OF_ADA, request_id=""), log)
        assert not authentication.tokens._entries
        keystone.answers.clear()
        assert authenticate(OF_ADA, request_id="").roles == {"member", "reader"}

    @pytest.mark.parametrize("name", BODIES)
    def test_bodies(self, name: str, keystone: Crooked, configure: Configure, log: Any) -> None:
        self.check(keystone, configure, log, Reply(BODIES[name]), "cannot be understood")

    def test_no_more_than_a_part(self, keystone: Crooked, configure: Configure, log: Any) -> None:
        whole = keystone.right("validation", OF_ADA["X-Auth-Token"]).content
        self.check(keystone, configure, log, Reply(whole[:-9], claimed=len(whole)))

    @pytest.mark.parametrize("status", [204, 302, 304, 400, 418, 500, 502])
    def test_statuses(self, status: int, keystone: Crooked, configure: Configure, log: Any) -> None:
        self.check(keystone, configure, log, Reply(b"", status))

    @pytest.mark.parametrize(("member", "value"), TOKENS, ids=named)
    def test_tokens(
        self, member: str, value: Any, keystone: Crooked, configure: Configure, log: Any
    ) -> None:
        reply = with_token(keystone, OF_ADA["X-Auth-Token"], member, value)
        self.check(
            keystone, configure, log, reply, f"token.{member}" if value is not LEFT_OUT else member
        )

    def test_half_a_surrogate_pair(self, keystone: Crooked, configure: Configure, log: Any) -> None:
        whole = keystone.right("validation", OF_ADA["X-Auth-Token"]).content
        self.check(keystone, configure, log, Reply(whole.replace(b'"ada"', rb'"\ud800"')))

    def test_what_stood_there_is_not_logged(
        self, keystone: Crooked, configure: Configure, log: Any
    ) -> None:
        configure(auth_url=keystone.url)
        keystone.answers["validation"] = Reply({"token": "s3cret"})
        assert "s3cret" not in refused(lambda: authenticate(OF_ADA, request_id=""), log)

    def test_a_token_that_ended_lets_nobody_in(
        self, keystone: Crooked, configure: Configure
    ) -> None:
        configure(auth_url=keystone.url)
        keystone.answers["validation"] = with_token(
            keystone, OF_ADA["X-Auth-Token"], "expires_at", "2001-01-01T00:00:00"
        )
        with pytest.raises(TokenRefused):
            authenticate(OF_ADA, request_id="")


class TestTheServicesOwnToken:
    """keystoneauth1 reads it, and keeps it for an hour."""

    def check(self, keystone: Crooked, configure: Configure, log: Any, reply: Reply) -> None:
        configure(auth_url=keystone.url, retries=0)
        keystone.answers["service"] = reply
        for _ in range(2):
            refused(lambda: authenticate(OF_ADA, request_id=""), log)
            refused(connection.check, log)
        assert not authentication.tokens._entries
        keystone.answers.clear()
        assert authenticate(OF_ADA, request_id="").roles == {"member", "reader"}
        connection.check()

    @pytest.mark.parametrize("name", BODIES)
    def test_bodies(self, name: str, keystone: Crooked, configure: Configure, log: Any) -> None:
        self.check(keystone, configure, log, Reply(BODIES[name], 201, subject="a-token"))

    @pytest.mark.parametrize("status", [204, 302, 401, 403, 404, 500])
    def test_statuses(self, status: int, keystone: Crooked, configure: Configure, log: Any) -> None:
        self.check(keystone, configure, log, Reply({"error": 5}, status))

    @pytest.mark.parametrize("subject", [None, "", "é", "two words"])
    def test_the_header(
        self, subject: str | None, keystone: Crooked, configure: Configure, log: Any
    ) -> None:
        document = keystone.token(f"{SERVICE}/{PROJECT}")
        self.check(keystone, configure, log, Reply(document, 201, subject=subject))

    @pytest.mark.parametrize("value", [LEFT_OUT, None, "", "tomorrow", 5, []], ids=named)
    def test_the_end(self, value: Any, keystone: Crooked, configure: Configure, log: Any) -> None:
        reply = with_token(keystone, f"{SERVICE}/{PROJECT}", "expires_at", value)
        self.check(keystone, configure, log, reply)

    @pytest.mark.parametrize("value", CATALOGS, ids=named)
    def test_catalogs(self, value: Any, keystone: Crooked, configure: Configure, log: Any) -> None:
        reply = with_token(keystone, f"{SERVICE}/{PROJECT}", "catalog", value)
        self.check(keystone, configure, log, reply)


@pytest.mark.parametrize("name", BODIES)
def test_the_root(name: str, keystone: Crooked, configure: Configure, log: Any) -> None:
    configure(auth_url=keystone.url)
    keystone.answers["/"] = Reply(BODIES[name])
    refused(connection.check, log)
    keystone.answers.clear()
    connection.check()


LIMITS = ["/limits/model", "/services", "/registered_limits", "/limits"]
ROWS: list[tuple[str, str, Any]] = [
    *(("/limits/model", "name", value) for value in (LEFT_OUT, None, 5, [])),
    *(("/services", "id", value) for value in (LEFT_OUT, None, 5, [])),
    *(
        (path, name, value)
        for path, limit in (("/registered_limits", "default_limit"), ("/limits", "resource_limit"))
        for name in (limit, "resource_name", "region_id")
        for value in (LEFT_OUT, [], {}, True)
    ),
    *(("/limits", "project_id", value) for value in (LEFT_OUT,)),
]


class TestLimits:
    def check(
        self, keystone: Crooked, configure: Configure, log: Any, path: str, body: Any
    ) -> None:
        configure(auth_url=keystone.url, limits_seconds=300)
        keystone.answers[path] = Reply(body)
        for _ in range(2):
            refused(lambda: KeystoneLimits().limits_for(PROJECT), log)
        keystone.answers.clear()
        assert KeystoneLimits().limits_for(PROJECT) == {Resource.COUNT_TOTAL: 7}

    @pytest.mark.parametrize("path", LIMITS)
    @pytest.mark.parametrize("name", BODIES)
    def test_bodies(
        self, name: str, path: str, keystone: Crooked, configure: Configure, log: Any
    ) -> None:
        self.check(keystone, configure, log, path, BODIES[name])

    @pytest.mark.parametrize(("path", "member", "value"), ROWS, ids=named)
    def test_rows(
        self, path: str, member: str, value: Any, keystone: Crooked, configure: Configure, log: Any
    ) -> None:
        document = orjson.loads(keystone.right(path, "").content)
        [found] = document.values()
        row = found[0] if isinstance(found, list) else found
        row.pop(member, None)
        if value is not LEFT_OUT:
            row[member] = value
        self.check(keystone, configure, log, path, document)

    def test_an_unknown_model_and_an_unknown_service(
        self, keystone: Crooked, configure: Configure, log: Any
    ) -> None:
        model = {"model": {"name": "strict_two_level"}}
        self.check(keystone, configure, log, "/limits/model", model)
        limits.forget()
        self.check(keystone, configure, log, "/services", {"services": []})


def sign_in(client: Client, name: str, at: str = "/sign-in") -> Any:
    return client.post(at, {"username": name, "password": "any"})


@pytest.mark.django_db
class TestPages:
    """Signing in, and every page after it."""

    def check(self, keystone: Crooked, question: str, reply: Reply, name: str) -> None:
        keystone.answers[question] = reply
        client = Client()
        for at in ("/sign-in", "/admin/login/"):
            told = sign_in(client, name, at)
            assert told.status_code == 200
            assert "Keystone does not answer" in told.content.decode()
            assert SESSION_KEY not in client.session
        assert client.get("/").status_code == 302
        keystone.answers.clear()
        assert sign_in(client, name).status_code == 302
        assert client.get("/").status_code == 200

    @pytest.mark.parametrize("question", ["sign-in", "scoped", "/auth/projects"])
    @pytest.mark.parametrize("name", ["nothing", "null", "null within", "hollow"])
    def test_bodies(self, name: str, question: str, keystone: Crooked, pages: Configure) -> None:
        pages(auth_url=keystone.url)
        reply = Reply(BODIES[name], 201, subject="a-token")
        self.check(keystone, question, reply, ADA)

    @pytest.mark.parametrize("subject", [None, "", "é", "two words"])
    @pytest.mark.parametrize("question", ["sign-in", "scoped"])
    def test_the_header(
        self, question: str, subject: str | None, keystone: Crooked, pages: Configure
    ) -> None:
        pages(auth_url=keystone.url)
        reply = Reply(keystone.token(BOSS), 201, subject=subject)
        self.check(keystone, question, reply, BOSS)

    @pytest.mark.parametrize(("member", "value"), TOKENS[::5], ids=named)
    def test_tokens(self, member: str, value: Any, keystone: Crooked, pages: Configure) -> None:
        pages(auth_url=keystone.url)
        self.check(keystone, "sign-in", with_token(keystone, BOSS, member, value), BOSS)

    @pytest.mark.parametrize("member", ["id", "name", "domain_id", "enabled"])
    def test_projects(self, member: str, keystone: Crooked, pages: Configure) -> None:
        pages(auth_url=keystone.url)
        body = {"projects": [keystone.project() | {member: 5}]}
        self.check(keystone, "/auth/projects", Reply(body), ADA)

    @pytest.mark.parametrize("question", ["validation", "scoped", "/auth/projects"])
    def test_whoever_is_in_sees_503(
        self, question: str, keystone: Crooked, pages: Configure, client: Client
    ) -> None:
        pages(auth_url=keystone.url, cache_seconds=0)
        sign_in(client, BOSS)
        assert client.get("/admin/").status_code == 200
        keystone.answers[question] = Reply({"token": [], "projects": {}})
        for path in ("/", "/admin/"):
            told = client.get(path)
            assert (told.status_code, told.headers["Retry-After"]) == (503, "5")
        keystone.answers.clear()
        assert client.get("/admin/").status_code == 200

    def test_a_token_on_another_project_than_asked_for_counts_for_nothing(
        self, keystone: Crooked, pages: Configure
    ) -> None:
        pages(auth_url=keystone.url)
        document = keystone.token(f"{BOSS}/{PROJECT}")
        self.check(keystone, "scoped", Reply(document, 201, subject="a-token"), BOSS)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/image/v2/images", "/search/v1/search/plugins"])
@pytest.mark.parametrize("body", [{}, {"token": None}, [], b"{"], ids=str)
def test_the_apis_answer_503(
    path: str, body: Any, keystone: Crooked, configure: Configure, door: None, client: Client
) -> None:
    configure(auth_url=keystone.url)
    keystone.answers["validation"] = Reply(body)
    told = client.get(path, headers=OF_ADA)
    assert (told.status_code, told.headers["Retry-After"]) == (503, "5")
    keystone.answers.clear()
    assert client.get(path, headers=OF_ADA).status_code == 200
