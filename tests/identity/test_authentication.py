"""The door for every API: headers in, an Actor out."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from catalog import clock as real
from catalog.actors import Actor
from catalog.api.authentication import authenticate
from catalog.conf import section
from identity.authentication import HEADER
from identity.caching import ActorCache, actors
from identity.conf import IdentityConfig
from identity.errors import TokenRefused
from identity.models import Token
from identity.services.users import update_user
from tests.identity.factories import SYSTEM
from tests.support.identity import (
    headers_for,
    make_admin,
    make_project,
    make_user,
    token_for,
)

pytestmark = pytest.mark.django_db
END = real.now() + timedelta(days=1)


@pytest.mark.parametrize("name", ["X-Auth-Token", "x-auth-token", "X-AUTH-TOKEN"])
def test_an_actor_is_all_that_policies_need(ada, ours, name) -> None:
    actor = authenticate({name: token_for(ada, ours)}, request_id="req-1")
    assert actor == Actor(
        user_id=ada.pk,
        user_name="ada",
        project_id=ours.pk,
        project_name="ours",
        roles=frozenset({"member", "reader"}),
        is_admin=False,
        request_id="req-1",
        audit_ids=actor.audit_ids,
    )
    assert len(actor.audit_ids) == 1
    assert authenticate({name: token_for(*make_admin())}, request_id="").is_admin


def test_an_unscoped_token_has_no_project_and_no_roles(ada) -> None:
    actor = authenticate(headers_for(ada), request_id="r")
    assert (actor.project_id, actor.roles, actor.is_admin) == (None, frozenset(), False)


@pytest.mark.parametrize("headers", [{}, {HEADER: ""}, {HEADER: "x"}, {HEADER: "vt-x\udcff"}])
def test_without_a_good_token_nobody_comes_in(headers, django_assert_num_queries) -> None:
    with django_assert_num_queries(0), pytest.raises(TokenRefused):
        authenticate(headers, request_id="r")


def test_a_service_that_forwards_a_request_shows_its_own_roles(ada, ours) -> None:
    own = headers_for(ada, ours)
    services = make_user("nova", make_project("services"), ["service"])
    forwarded = own | {"x-service-token": token_for(services, services.default_project)}
    assert authenticate(own, request_id="r").service_roles == frozenset()
    for _ in range(2):
        actor = authenticate(forwarded, request_id="r")
        assert (actor.user_id, actor.service_roles) == (ada.pk, frozenset({"service"}))
        assert actor.roles == {"member", "reader"}
    for wrong in ("x", "vt-" + "x" * 43):
        with pytest.raises(TokenRefused, match="service token"):
            authenticate(own | {"X-Service-Token": wrong}, request_id="r")
    with pytest.raises(TokenRefused):
        authenticate({"X-Service-Token": forwarded["x-service-token"]}, request_id="r")


def test_each_request_keeps_its_own_id(ada, ours) -> None:
    headers = headers_for(ada, ours)
    assert [authenticate(headers, request_id=i).request_id for i in "ab"] == ["a", "b"]


def test_another_process_sees_a_revocation_after_the_cache_s_time(ada, ours, monkeypatch) -> None:
    headers = headers_for(ada, ours)
    start = time.monotonic()
    monkeypatch.setattr("identity.caching.time.monotonic", lambda: start)
    authenticate(headers, request_id="r")
    Token.objects.all().delete()  # as another process does it
    assert authenticate(headers, request_id="r").user_id == ada.pk
    passed = section(IdentityConfig).cache_seconds
    monkeypatch.setattr("identity.caching.time.monotonic", lambda: start + passed + 0.01)
    with pytest.raises(TokenRefused):
        authenticate(headers, request_id="r")


def test_a_token_read_before_a_change_is_not_remembered_after_it() -> None:
    cache = ActorCache()
    ticket = cache.ticket()
    cache.clear()
    cache.put("a", Actor(), END, ticket=ticket)
    assert cache.get("a") is None
    cache.put("a", Actor(), END, ticket=cache.ticket())
    assert cache.get("a") == Actor()


def test_the_least_recently_used_is_forgotten_first(monkeypatch) -> None:
    small = IdentityConfig(cache_size=2)
    monkeypatch.setattr("identity.caching.section", lambda _: small)
    cache = ActorCache()
    for key in ("a", "b"):
        cache.put(key, Actor(user_id=key), END, ticket=0)
    cache.get("a")
    cache.put("c", Actor(user_id="c"), END, ticket=0)
    assert [cache.get(key) is not None for key in "abc"] == [True, False, True]


def test_a_cache_of_no_seconds_remembers_nothing(monkeypatch) -> None:
    monkeypatch.setattr("identity.caching.section", lambda _: IdentityConfig(cache_seconds=0))
    cache = ActorCache()
    cache.put("a", Actor(), END, ticket=0)
    assert cache.get("a") is None


@pytest.mark.django_db(transaction=True)
def test_a_revocation_counts_at_once_even_when_others_read_before_its_commit() -> None:
    ours = make_project("ours")
    ada = make_user("ada", ours)
    headers = headers_for(ada, ours)

    def elsewhere() -> str | None:
        try:
            return authenticate(headers, request_id="r").user_id
        except TokenRefused:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(elsewhere).result() == ada.pk
        with transaction.atomic():
            update_user(ada.pk, enabled=False, actor=SYSTEM)
            assert pool.submit(elsewhere).result() == ada.pk  # not yet committed
        assert pool.submit(elsewhere).result() is None


@pytest.mark.django_db(transaction=True)
def test_many_threads_at_once(django_assert_num_queries) -> None:
    ours = make_project("ours")
    people = [make_user(f"u{n}", ours) for n in range(3)]
    wanted = {token_for(user, ours): user.pk for user in people}

    def ask(number: int) -> bool:
        token = list(wanted)[number % 3]
        if number % 7 == 0:
            actors.clear()
        try:
            return authenticate({HEADER: token}, request_id="r").user_id == wanted[token]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(60)))
