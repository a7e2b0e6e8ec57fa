"""Guessing passwords gets slower and slower; the owner gets in."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from catalog.models import Event
from identity import throttle
from identity.errors import SignInFailed, SignInSlowed
from identity.hashers import Argon2Hasher
from identity.models import FailedLogin, KnownAddress, Token, User
from identity.services.signing_in import UserReference, forgive, in_default_domain, prove
from tests.identity.api import Api
from tests.identity.factories import PASSWORD, SYSTEM
from tests.support.identity import make_project, make_user

pytestmark = pytest.mark.django_db
GUESSER, HOME = "192.0.2.66", "192.0.2.1"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of guesses; what one costs is told elsewhere."""
    monkeypatch.setattr(Argon2Hasher, "time_cost", 1)
    monkeypatch.setattr(Argon2Hasher, "memory_cost", 8)


def make_ada() -> User:
    user = make_user("ada", make_project("ours"))
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def ada() -> User:
    return make_ada()


def attempt(name: str, password: str = "wrong", *, remote: str = GUESSER) -> int:
    """0 for signed in, -1 for refused, else the seconds to wait."""
    try:
        prove(in_default_domain(name), password, address=remote)
    except SignInFailed:
        return -1
    except SignInSlowed as error:
        return error.facts["retry_after"]
    return 0


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_waiting_doubles_alike_for_users_that_exist_and_that_do_not(ada, clock, name) -> None:
    assert [attempt(name) for _ in range(5)] == [-1] * 5
    waits = []
    while not waits or waits[-1] < 900:
        wait = attempt(name)
        assert attempt(name) == wait  # asking again costs nothing
        waits.append(wait)
        clock.move(seconds=wait)
        assert attempt(name) == -1
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]


def test_the_right_password_does_not_help_while_waiting_and_forgets_afterwards(ada, clock) -> None:
    for _ in range(6):
        attempt("ada")
    assert attempt("ada", PASSWORD) > 0
    clock.move(seconds=3)
    assert attempt("ada", PASSWORD) == 0
    assert [attempt("ada") for _ in range(5)] == [-1] * 5


def test_on_the_wire_it_is_429_with_the_time_to_wait(ada, clock) -> None:
    api = Api(remote=GUESSER)
    assert [api.sign_in("ada", "wrong").status_code for _ in range(5)] == [401] * 5
    answer = api.sign_in("ada", PASSWORD)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "1"
    error = answer.json()["error"]
    assert (error["title"], error["error_code"]) == ("Too Many Requests", "sign_in_slowed")
    assert "in 1 s" in error["message"]
    assert Token.objects.count() == 0
    assert Api(remote=HOME).sign_in("ada").status_code == 201


def test_strangers_cannot_lock_out_the_owner(ada, clock) -> None:
    """The owner's own address is known; guesses from a thousand others do not count there."""
    assert attempt("ada", PASSWORD, remote=HOME) == 0
    for number in range(60):
        attempt("ada", remote=f"198.51.100.{number}")
    assert attempt("ada", remote="198.51.100.200") > 0
    assert attempt("ada", PASSWORD, remote=HOME) == 0
    clock.move(seconds=61)
    assert attempt("ada", PASSWORD, remote="198.51.100.201") == 0  # nor elsewhere for long
    clock.move(days=31)
    for number in range(60):
        attempt("ada", remote=f"198.51.100.{number}")
    assert attempt("ada", PASSWORD, remote=HOME) > 0  # known for thirty days only


def test_somebody_beside_the_owner_costs_a_minute_at_most(ada, clock) -> None:
    attempt("ada", PASSWORD, remote=HOME)
    for _ in range(40):
        wait = attempt("ada", remote=HOME)
        assert wait <= 60
        clock.move(seconds=max(wait, 0))


def test_one_password_tried_on_many_users_is_slowed_by_address(clock) -> None:
    assert [attempt(f"user{n}") for n in range(30)] == [-1] * 30
    assert attempt("another") > 0
    assert attempt("another", remote=HOME) == -1


def test_an_hour_without_failures_forgets(ada, clock) -> None:
    for _ in range(6):
        attempt("ada")
    clock.move(hours=1, seconds=1)
    assert [attempt("ada") for _ in range(5)] == [-1] * 5
    assert attempt("ada") == 1


def test_the_user_counts_as_one_however_it_is_named(ada, clock) -> None:
    names = (
        UserReference(id=ada.pk),
        in_default_domain("ada"),
        UserReference(name="ada", domain_name="Default"),
    )
    for reference in (names + names)[:5]:
        with pytest.raises(SignInFailed):
            prove(reference, "wrong", address=GUESSER)
    for reference in names:
        with pytest.raises(SignInSlowed):
            prove(reference, "wrong", address=GUESSER)


def test_a_slowed_attempt_is_not_even_hashed(ada, clock, monkeypatch) -> None:
    for _ in range(5):
        attempt("ada")
    monkeypatch.setattr(type(ada), "check_password", lambda *_: pytest.fail("hashed"))
    assert attempt("ada", PASSWORD) == 1


def test_a_network_of_ipv6_is_one_address() -> None:
    assert throttle.network("2001:db8:1:2::1") == throttle.network("2001:db8:1:2:ffff::9")
    assert throttle.network("2001:db8:1:2::1") != throttle.network("2001:db8:1:3::1")
    assert throttle.network("::ffff:192.0.2.1") == throttle.network("192.0.2.1")
    assert throttle.network("192.0.2.1") != throttle.network("192.0.2.2")
    assert len(throttle.network("x" * 999)) <= 64


def test_an_administrator_forgives(ada, clock) -> None:
    for _ in range(5):
        attempt("ada")
    assert attempt("ada", PASSWORD) > 0
    forgive(list(FailedLogin.objects.values_list("pk", flat=True)), actor=SYSTEM)
    assert attempt("ada", PASSWORD) == 0
    assert Event.objects.filter(kind="failed_login.forgiven").count() == 3


def test_forgotten_counters_and_addresses_are_swept(ada, clock) -> None:
    for number in range(10):
        attempt(f"nobody{number}")
    attempt("ada", PASSWORD, remote=HOME)
    clock.move(days=31)
    attempt("ada", PASSWORD, remote="192.0.2.2")
    attempt("last")
    assert FailedLogin.objects.count() == 3
    assert FailedLogin.objects.filter(subject=f"address {GUESSER}").get().failures == 1
    assert KnownAddress.objects.get().address == "192.0.2.2"


def test_passwords_are_not_logged(ada, caplog) -> None:
    with caplog.at_level("DEBUG"):
        Api().sign_in("ada", "a-very-secret-guess")
        Api().sign_in("typed-in-the-wrong-field", "x")
        Api().sign_in("ada", PASSWORD)
    told = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert "a sign-in failed" in told
    assert "secret-guess" not in told
    assert "wrong-field" not in told + str(list(FailedLogin.objects.values()))
    assert PASSWORD not in told


@pytest.mark.django_db(transaction=True)
def test_failures_that_meet_are_all_counted() -> None:
    ada = make_ada()

    def guess(number: int) -> int:
        try:
            return attempt("ada", remote=GUESSER)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(guess, range(8)))
    failures = outcomes.count(-1)
    assert failures >= 5
    row = FailedLogin.objects.get(subject=f"user {ada.pk} from {GUESSER}")
    assert row.failures == failures
