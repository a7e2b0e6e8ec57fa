"""Tokens and waits between machines whose clocks differ by a minute."""

from datetime import timedelta

import pytest

from catalog.api.authentication import authenticate
from catalog.clock import database_now, database_time
from identity import throttle
from identity.caching import actors
from identity.errors import SignInSlowed, TokenRefused
from identity.models import Token
from tests.support import clocks
from tests.support.identity import headers_for, make_project, make_user, token_for

pytestmark = pytest.mark.django_db
AHEAD, BEHIND = 70.0, -70.0


@pytest.mark.parametrize(("issuer", "reader"), [(0.0, AHEAD), (BEHIND, AHEAD), (AHEAD, BEHIND)])
def test_a_token_is_good_until_the_database_says_otherwise(
    issuer: float, reader: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = make_project("ours")
    ada = make_user("ada", ours)
    clocks.move(monkeypatch, issuer)
    headers = headers_for(ada, ours)
    token = Token.objects.get()
    assert abs(token.expires_at - database_time() - timedelta(hours=1)) < timedelta(seconds=30)
    clocks.move(monkeypatch, reader)
    Token.objects.update(expires_at=database_now(30))
    for _ in range(2):
        assert authenticate(headers, request_id="r").user_id == ada.pk
    token_for(ada, ours)
    assert Token.objects.filter(pk=token.pk).exists(), "who issues another one does not remove it"
    Token.objects.update(expires_at=database_now())
    actors.clear()
    with pytest.raises(TokenRefused):
        authenticate(headers, request_id="r")


@pytest.mark.parametrize(("first", "second"), [(0.0, AHEAD), (AHEAD, 0.0), (BEHIND, AHEAD)])
def test_a_wait_is_as_long_everywhere(
    first: float, second: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    counters = throttle.counters("somebody", "192.0.2.1", known=True)
    clocks.move(monkeypatch, first)
    for _ in range(9):
        throttle.failed(counters)
    clocks.move(monkeypatch, second)
    with pytest.raises(SignInSlowed) as refused:
        throttle.check(counters)
    assert 1 <= refused.value.facts["retry_after"] <= 16
