"""Settings of the connection to Keystone: what is refused, and how that is said."""

import dataclasses
from typing import Any

import pytest
from django.core.checks import run_checks

from catalog.conf import ConfigurationError, parse
from identity.conf import IdentityConfig
from identity.keystone.conf import KeystoneConfig
from settings.configuration import load

NEEDED = {
    "VITRINE_KEYSTONE_AUTH_URL": "https://keystone.example/v3/",
    "VITRINE_KEYSTONE_USERNAME": "vitrine",
    "VITRINE_KEYSTONE_PASSWORD": "secret",
}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("AUTH_URL", "keystone.example/v3", "must begin with http"),
        ("AUTH_URL", "http://keystone.example:5000", "must end with /v3"),
        ("PUBLIC_URL", "ftp://keystone.example/v3", "must begin with http"),
        ("INTERFACE", "private", "must be one of public, internal, admin"),
        ("CAFILE", "/nowhere/ca.pem", "is not a file"),
        ("TIMEOUT", "0", "more than 0 and at most 60"),
        ("RETRIES", "9", "between 0 and 5"),
        ("CACHE_SECONDS", "-1", "must lie between 0 and 1000000000"),
        ("REFUSED_CACHE_SECONDS", "-1", "must lie between 0 and 1000000000"),
        ("LIMITS_SECONDS", "-1", "must lie between 0 and 1000000000"),
        ("CACHE_SIZE", "0", "must lie between 1 and"),
    ],
)
def test_wrong_values_are_refused_by_name(name: str, value: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(KeystoneConfig, {**NEEDED, f"VITRINE_KEYSTONE_{name}": value}, {})
    assert f"VITRINE_KEYSTONE_{name}" in str(refused.value)
    assert told in str(refused.value)


def test_clients_are_told_the_public_address_if_there_is_one() -> None:
    config = parse(KeystoneConfig, NEEDED, {})
    assert config.told_url == "https://keystone.example/v3"
    public = {"VITRINE_KEYSTONE_PUBLIC_URL": "https://cloud.example/identity/v3"}
    assert (
        parse(KeystoneConfig, NEEDED | public, {}).told_url == "https://cloud.example/identity/v3"
    )


def test_the_backend_has_two_names() -> None:
    with pytest.raises(ConfigurationError, match="must be one of builtin, keystone"):
        load({"VITRINE_IDENTITY_BACKEND": "ldap"})
    assert load({})[IdentityConfig].backend == "builtin"


def test_what_keystone_needs_is_named_when_it_is_chosen(settings: Any) -> None:
    def told() -> list[str]:
        return [one.msg for one in run_checks(tags=["identity"]) if one.id == "identity.E003"]

    assert told() == []
    chosen = dataclasses.replace(settings.VITRINE[IdentityConfig], backend="keystone")
    settings.VITRINE = {**settings.VITRINE, IdentityConfig: chosen}
    assert [message.split(" ")[0] for message in told()] == [
        "VITRINE_KEYSTONE_AUTH_URL",
        "VITRINE_KEYSTONE_USERNAME",
        "VITRINE_KEYSTONE_PASSWORD",
    ]
    settings.VITRINE = {**settings.VITRINE, KeystoneConfig: parse(KeystoneConfig, NEEDED, {})}
    assert told() == []
