"""Settings of identity."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from typing_extensions import override

from catalog.conf import LONG, MOST, Section, setting


@dataclass(frozen=True, kw_only=True)
class IdentityConfig(Section):
    prefix: ClassVar[str] = "identity"

    backend: Literal["builtin", "keystone"] = setting(
        "builtin", help="Who knows users and projects: this service, or a Keystone."
    )
    token_lifetime: int = setting(3600, help="Seconds a token is good for.")
    cache_seconds: float = setting(
        5.0,
        help="Seconds a validated token is remembered by a process;"
        " a revocation is seen by all after this time.",
    )
    cache_size: int = setting(10_000, help="Validated tokens that a process remembers at most.")
    region: str = setting("RegionOne", help="Region that the service catalog names.")
    extra_services: tuple[str, ...] = setting(
        (),
        help="Further entries of the service catalog, each `type=address`;"
        " an address that begins with / is a path on this service.",
    )
    admin_project: str = setting(
        "admin", help="Project of the domain Default whose admins may use the admin pages."
    )
    application_credentials: int = setting(
        500, help="Application credentials that a user may have at most."
    )
    login_free_attempts: int = setting(
        5, help="Wrong passwords for a user from an address before further ones are slowed down."
    )
    login_longest_delay: int = setting(
        900, help="Seconds that wrong passwords from an address make it wait at most."
    )

    @override
    def problems(self) -> Iterable[str]:
        yield from self.outside(1, LONG, "token_lifetime", "login_longest_delay")
        yield from self.outside(0, LONG, "cache_seconds")
        counts = ("cache_size", "application_credentials", "login_free_attempts")
        yield from self.outside(1, MOST, *counts)
        if not self.region or len(self.region) > 255:
            yield "VITRINE_IDENTITY_REGION must be a name of 1 to 255 characters"
        for entry in self.extra_services:
            service, _, address = entry.partition("=")
            if not service or not address.startswith(("/", "http://", "https://")):
                yield (
                    f"VITRINE_IDENTITY_EXTRA_SERVICES: {entry!r} must be type=/path"
                    " or type=http(s)://address"
                )
