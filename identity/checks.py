"""What can be wrong with the configuration and parses all the same."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register

from catalog.conf import section
from identity import endpoints
from identity.conf import IdentityConfig
from identity.keystone.conf import KeystoneConfig


def services_are_named_once(**_: Any) -> list[Error]:
    types = [service.type for service in endpoints.configured()]
    built_in = {service.type for service in endpoints.BUILT_IN}
    return [
        Error(
            f"VITRINE_IDENTITY_EXTRA_SERVICES names the service {name} that is there already",
            hint="Every type of service has one entry in the catalog.",
            id="identity.E001",
        )
        for name in sorted(set(types))
        if types.count(name) > 1 or name in built_in
    ]


def passwords_are_hashed_slowly(**_: Any) -> list[Error]:
    if settings.PASSWORD_HASHERS[:1] == ["identity.hashers.Argon2Hasher"]:
        return []
    return [
        Error(
            "PASSWORD_HASHERS must begin with identity.hashers.Argon2Hasher",
            hint="Signing in takes the same time for users that exist and that do not only with it.",
            id="identity.E002",
        )
    ]


def keystone_is_known(**_: Any) -> list[Error]:
    if section(IdentityConfig).backend != "keystone":
        return []
    return [
        Error(sentence, hint="docs/how-to/use-keystone.md", id="identity.E003")
        for sentence in section(KeystoneConfig).missing()
    ]


def register_all() -> None:
    register(services_are_named_once, "identity")
    register(keystone_is_known, "identity")
    register(passwords_are_hashed_slowly, Tags.security)
