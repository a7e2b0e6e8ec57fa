"""Settings of identity."""

from dataclasses import dataclass
from typing import ClassVar

from catalog.conf import Section, setting


@dataclass(frozen=True, kw_only=True)
class IdentityConfig(Section):
    prefix: ClassVar[str] = "identity"

    token_lifetime: int = setting(3600, help="Seconds a token is good for.")
    cache_seconds: float = setting(5.0, help="Seconds a validated token is remembered by a process; a revocation is seen by all after this time.")
    region: str = setting("RegionOne", help="Region that the service catalog names.")
