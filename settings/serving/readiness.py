"""Asking the running service whether it is ready, as any client would."""

import http.client
import time
from collections.abc import Callable

import orjson

from settings.sections import HttpConfig
from settings.serving.credentials import EVERYWHERE

COMPLAIN_EVERY = 10.0


class Readiness:
    """Called again and again until `/healthz/ready` answers 200, then calls `announce` once."""

    def __init__(
        self, config: HttpConfig, announce: Callable[[], None], complain: Callable[[str], None]
    ) -> None:
        self._host = EVERYWHERE.get(config.host, config.host)
        self._port = config.port
        self._announce, self._complain = announce, complain
        self._done = False
        self._complain_at = time.monotonic() + COMPLAIN_EVERY

    def __call__(self) -> None:
        if self._done:
            return
        reason = self._ask()
        if not reason:
            self._done = True
            self._announce()
        elif time.monotonic() >= self._complain_at:
            self._complain_at = time.monotonic() + COMPLAIN_EVERY
            self._complain(reason)

    def _ask(self) -> str:
        """Why the service is not ready; empty when it is."""
        asking = http.client.HTTPConnection(self._host, self._port, timeout=2)
        try:
            asking.request("GET", "/healthz/ready")
            response = asking.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return f"it does not answer yet ({error})"
        finally:
            asking.close()
        if response.status == http.client.OK:
            return ""
        try:
            parts = orjson.loads(body)["parts"]
            return "; ".join(f"{n}: {p['reason']}" for n, p in parts.items() if not p["ok"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return f"it answers {response.status}"
