"""Asking the running service how it is, as any client would."""

import http.client
import time
from collections.abc import Callable, Mapping

import orjson

from settings.sections import HttpConfig
from settings.serving.credentials import EVERYWHERE

COMPLAIN_EVERY = 10.0
PATIENCE = 5.0
"""Seconds that a part may take longer than the others before the service is told to be up without it."""


class NotReady(Exception):
    """Nobody can use the service yet."""


class Readiness:
    """Called again and again. Calls `announce` once the service can be used, with what it lacks by part and reason;
    then `say`s of each part when it is there as well. Until then `say` tells now and then what is waited for.
    """

    def __init__(
        self,
        config: HttpConfig,
        announce: Callable[[Mapping[str, str]], None],
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = EVERYWHERE.get(config.host, config.host)
        self._port = config.port
        self._announce, self._say, self._clock = announce, say, clock
        self._lacking: Mapping[str, str] | None = None
        self._up_since: float | None = None
        self._done = False
        self._ask_at = 0.0
        self._say_at = clock() + COMPLAIN_EVERY

    def __call__(self) -> None:
        if self._done or self._clock() < self._ask_at:
            return
        try:
            lacking = self.ask()
        except NotReady as error:
            if self._lacking is None:
                self._wait(str(error))
            return
        if self._lacking is None:
            self._up(lacking)
        else:
            self._better(self._lacking, lacking)

    def ask(self) -> Mapping[str, str]:
        """What is not well, by part and reason. NotReady while it does not answer, or not without that part."""
        asking = http.client.HTTPConnection(self._host, self._port, timeout=4)
        try:
            asking.request("GET", "/healthz/ready")
            response = asking.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NotReady(f"it does not answer yet ({error})") from None
        finally:
            asking.close()
        try:
            parts = orjson.loads(body)["parts"]
            found = {name: part["reason"] for name, part in parts.items() if not part["ok"]}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotReady(f"it answers {response.status}") from None
        if response.status != http.client.OK:
            raise NotReady("; ".join(f"{name}: {reason}" for name, reason in found.items()))
        return found

    def _wait(self, reason: str) -> None:
        self._up_since = None
        if self._clock() >= self._say_at:
            self._say_at = self._clock() + COMPLAIN_EVERY
            self._say(f"not ready yet: {reason}")

    def _up(self, lacking: Mapping[str, str]) -> None:
        """It can be used; what it lacks may be on its way."""
        moment = self._clock()
        if self._up_since is None:
            self._up_since = moment
        if lacking and moment - self._up_since < PATIENCE:
            return
        self._announce(lacking)
        self._go_on(lacking)

    def _better(self, before: Mapping[str, str], lacking: Mapping[str, str]) -> None:
        for name in before.keys() - lacking.keys():
            self._say(f"{name} is there now")
        self._go_on({name: reason for name, reason in lacking.items() if name in before})

    def _go_on(self, lacking: Mapping[str, str]) -> None:
        self._lacking, self._done = lacking, not lacking
        self._ask_at = self._clock() + COMPLAIN_EVERY
