"""The `Host` of a request: there is one (RFC 9112, section 3.2), it names a host, and it is one that is answered."""

from collections.abc import Sequence
from functools import lru_cache

from django.http.request import split_domain_port, validate_host
from starlette.types import Scope

from catalog.errors import InvalidParameter

_ASKED_BY_ADDRESS = ("/healthz/", "/metrics")
"""What machines that watch the service ask, by whatever name they reach it."""


class Hosts:
    """The names that are answered, as Django's `ALLOWED_HOSTS` writes them."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = allowed
        self._refusal = lru_cache(maxsize=1024)(self._look_up)

    def require(self, sent: Scope, read: Scope) -> None:
        """InvalidParameter for the request as the client `sent` it, or as the proxies before us told it (`read`)."""
        named = [value for name, value in sent["headers"] if name == b"host"]
        if len(named) > 1 or (not named and sent["http_version"] != "1.0"):
            raise InvalidParameter(
                f"a request names one Host, not {len(named) or 'none'}", header="Host"
            )
        if read is not sent:
            named = [value for name, value in read["headers"] if name == b"host"]
        if not named or sent["path"].startswith(_ASKED_BY_ADDRESS):
            return
        if refusal := self._refusal(named[0]):
            raise InvalidParameter(refusal, header="Host")

    def _look_up(self, named: bytes) -> str:
        """Why this host is not answered; empty when it is."""
        name, _ = split_domain_port(named.decode("latin-1"))
        if not name:
            return "the Host is not the name or the address of a host"
        if not validate_host(name, self._allowed):
            return "the Host is none of the names that are answered here"
        return ""
