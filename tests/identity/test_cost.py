"""What a sign-in costs, and that it tells nothing by the time it takes."""

import contextlib
import statistics
import time

import pytest
from django.contrib.auth.hashers import identify_hasher

from identity.authentication import authenticate
from identity.caching import actors
from identity.errors import SignInFailed
from identity.services.signing_in import in_default_domain, prove
from tests.identity.factories import PASSWORD, hashed_password
from tests.support.identity import headers_for, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return make_user("ada", make_project("ours"))


def cpu_ms(name: str, password: str, address: str) -> float:
    start = time.process_time()
    with contextlib.suppress(SignInFailed):
        prove(in_default_domain(name), password, address=address)
    return (time.process_time() - start) * 1000


def medians(attempts: dict[str, tuple[str, str]]) -> dict[str, float]:
    """Interleaved, each from an address of its own, so that nothing is slowed down."""
    found: dict[str, list[float]] = {what: [] for what in attempts}
    for number in range(7):
        for place, (what, (name, password)) in enumerate(attempts.items()):
            found[what].append(cpu_ms(name, password, f"192.0.{place}.{number}"))
    return {what: statistics.median(times) for what, times in found.items()}


def test_a_sign_in_costs_little_and_the_same_for_unknown_users(ada) -> None:
    hashed_password()
    found = medians(
        {"right": ("ada", PASSWORD), "wrong": ("ada", "wrong"), "unknown": ("nobody", "wrong")}
    )
    assert found["right"] <= 50
    assert found["wrong"] >= 5, "guessing is too cheap"
    assert abs(found["wrong"] - found["unknown"]) < 0.4 * found["wrong"]


def test_passwords_are_kept_as_argon2id_with_a_salt(ada) -> None:
    assert ada.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    hasher = identify_hasher(ada.password)
    assert not hasher.must_update(ada.password)
    assert hasher.encode("x", hasher.salt()) != hasher.encode("x", hasher.salt())


def test_validating_a_token_is_one_select_and_then_none(ada, django_assert_num_queries) -> None:
    headers = headers_for(ada, ada.default_project)
    with django_assert_num_queries(1):
        authenticate(headers, request_id="r")
    with django_assert_num_queries(0):
        for _ in range(100):
            authenticate(headers, request_id="r")
    actors.clear()
    with django_assert_num_queries(1):
        authenticate(headers, request_id="r")


def test_a_remembered_token_costs_microseconds(ada) -> None:
    headers = headers_for(ada, ada.default_project)
    authenticate(headers, request_id="r")
    times = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(1000):
            authenticate(headers, request_id="r")
        times.append((time.process_time() - start) / 1000)
    assert statistics.median(times) < 100e-6
