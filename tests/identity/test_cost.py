"""What a sign-in costs, and that it tells nothing by the time it takes."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher

from identity.authentication import authenticate
from identity.caching import actors
from identity.errors import SignInFailed
from identity.hashers import Argon2Hasher
from identity.services.signing_in import in_default_domain, prove
from tests.identity.factories import PASSWORD, hashed_password
from tests.support.identity import headers_for

pytestmark = pytest.mark.django_db


def test_every_sign_in_hashes_once_whoever_it_names(ada, monkeypatch) -> None:
    """One verification and one only: cheap enough for us, and no name is told apart by its time."""
    hashed_password()
    hashed: list[str] = []
    for step in ("verify", "encode"):
        original = getattr(Argon2Hasher, step)

        def counted(
            *args: Any, step: str = step, original: Callable[..., Any] = original, **options: Any
        ) -> Any:
            hashed.append(step)
            return original(*args, **options)

        monkeypatch.setattr(Argon2Hasher, step, counted)
    for place, (name, password) in enumerate(
        [("ada", PASSWORD), ("ada", "wrong"), ("nobody", "wrong")]
    ):
        hashed.clear()
        with contextlib.suppress(SignInFailed):
            prove(in_default_domain(name), password, address=f"192.0.2.{place}")
        assert len(hashed) == 1, (name, hashed)


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
