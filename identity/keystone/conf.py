"""Settings of the connection to Keystone."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from typing_extensions import override

from catalog.conf import LONG, MOST, Section, is_file, setting


@dataclass(frozen=True, kw_only=True)
class KeystoneConfig(Section):
    """Read when `VITRINE_IDENTITY_BACKEND` is keystone; `missing` says what it then needs."""

    prefix: ClassVar[str] = "keystone"

    auth_url: str = setting(
        "", help="Where this service signs in to Keystone: http(s)://host:port/v3."
    )
    public_url: str = setting(
        "", help="Keystone's address as clients are told it; default: the same as auth_url."
    )
    username: str = setting("", help="The service's own user, who validates tokens.")
    password: str = setting("", help="The service user's password.", secret=True)
    user_domain: str = setting("Default", help="Name of the service user's domain.")
    project: str = setting("service", help="Project on which the service user has a role.")
    project_domain: str = setting("Default", help="Name of that project's domain.")
    region: str | None = setting(
        None, help="Region of the identity endpoint and of unified limits; default: any."
    )
    interface: Literal["public", "internal", "admin"] = setting(
        "internal", help="Which of Keystone's endpoints in the service catalog is used."
    )
    cafile: Path | None = setting(
        None, help="Certificates that Keystone's is checked against; default: the usual ones."
    )
    timeout: float = setting(5.0, help="Seconds that one request to Keystone may take.")
    retries: int = setting(
        1, help="How often a request is repeated when Keystone cannot be reached."
    )
    away_seconds: float = setting(
        1.0,
        help="Seconds for which nobody asks Keystone again after it could not be reached;"
        " then one request tries for all.",
    )
    cache_seconds: float = setting(
        30.0,
        help="Seconds a process remembers a valid token; a revocation or a changed role is seen after this time.",
    )
    refused_cache_seconds: float = setting(
        10.0, help="Seconds a process remembers that Keystone refused a token."
    )
    cache_size: int = setting(10_000, help="Tokens that a process remembers at most.")
    service_token_roles: tuple[str, ...] = setting(
        ("service",),
        help="Roles of which X-Service-Token needs one to vouch for a user's token that has ended.",
    )
    limits_seconds: float = setting(
        30.0, help="Seconds a process remembers unified limits, when `images.limits` is keystone."
    )
    sign_in_domain: str = setting(
        "Default", help="Domain of users who sign in to the pages by a plain name."
    )
    local_admins: bool = setting(
        True, help="Whether local administrators may sign in to the pages beside Keystone's."
    )

    def missing(self) -> Iterable[str]:
        """Sentences about what is needed to reach Keystone and not given."""
        for name in ("auth_url", "username", "password", "project"):
            if not getattr(self, name):
                yield f"VITRINE_KEYSTONE_{name.upper()} is required when VITRINE_IDENTITY_BACKEND is keystone"

    @property
    def told_url(self) -> str:
        """Keystone's v3 address for clients, without a final slash."""
        return (self.public_url or self.auth_url).rstrip("/")

    @override
    def problems(self) -> Iterable[str]:
        for name in ("auth_url", "public_url"):
            value = getattr(self, name)
            if value and not value.startswith(("http://", "https://")):
                yield f"VITRINE_KEYSTONE_{name.upper()} must begin with http:// or https://"
            elif value and not value.rstrip("/").endswith("/v3"):
                yield f"VITRINE_KEYSTONE_{name.upper()} must end with /v3: {value!r} does not"
        if self.cafile is not None and not is_file(self.cafile):
            yield f"VITRINE_KEYSTONE_CAFILE: {self.cafile} is not a file"
        if not 0 < self.timeout <= 60:
            yield "VITRINE_KEYSTONE_TIMEOUT must be more than 0 and at most 60"
        yield from self.outside(0, 5, "retries")
        seconds = ("away_seconds", "cache_seconds", "refused_cache_seconds", "limits_seconds")
        yield from self.outside(0, LONG, *seconds)
        yield from self.outside(1, MOST, "cache_size")
