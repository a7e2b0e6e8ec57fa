"""Whether the parts behind the service answer: each is asked on a thread of its own and has little time."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from threading import Lock
from types import MappingProxyType

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils.module_loading import import_string

from artifacts import configured_stores
from artifacts.conf import StoresConfig
from catalog import drift
from catalog.api import deferred
from catalog.conf import section
from catalog.errors import CatalogError
from search import engines
from search.errors import EngineUnavailable
from settings.celery import app as celery_app

log = logging.getLogger(__name__)

SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What one part said; `reason` is empty when it is well and names no address or secret when it is not."""

    ok: bool
    reason: str = ""
    seconds: float = 0.0


class NotWell(Exception):
    """The part answers, and says that it cannot do its work."""


class State(StrEnum):
    """Of the whole: all parts are well; one is not without which most requests go on; one that all need is not."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


REQUIRED = frozenset({"database", "store"})
"""What no node can do without. Without another part all nodes are alike, and some requests are answered 503."""


def state(found: Mapping[str, Health]) -> State:
    """What the parts come to."""
    away = {name for name, part in found.items() if not part.ok}
    if away & REQUIRED:
        return State.FAILING
    return State.DEGRADED if away else State.OK


def database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    drift.measure()


def search() -> None:
    engines.current().check()


def store(name: str | None = None) -> None:
    """The store of this name, or the one that uploads go to; one that only reads others' servers is not asked."""
    one = configured_stores.store(name or configured_stores.default_store())
    found = one.check()
    if one.can_write and not found.writable:
        raise NotWell(found.reason or "it takes no bytes")


def broker() -> None:
    with celery_app.connection_for_write() as found:
        found.ensure_connection(max_retries=1, timeout=SECONDS / 2)


def identity() -> None:
    check: Callable[[], None] = import_string("identity.keystone.connection.check")
    check()


def _other_stores() -> dict[str, Callable[[], object]]:
    names = section(StoresConfig).backends.keys() - {configured_stores.default_store()}
    return {f"store:{name}": partial(store, name) for name in sorted(names)}


PARTS: Mapping[str, Callable[[], object]] = MappingProxyType(
    {"database": database, "search": search, "store": store, "broker": broker}
    | _other_stores()
    | ({"identity": identity} if settings.KEYSTONE else {})
)
"""Each raises when its part is not well."""


class Prober:
    """Asks the parts; one that did not answer last time is not asked again before it does."""

    def __init__(self, parts: Mapping[str, Callable[[], object]]) -> None:
        self._parts = parts
        self._pool = ThreadPoolExecutor(len(parts), thread_name_prefix="health")
        self._asked: dict[str, Future[Health]] = {}
        self._lock = Lock()

    def __call__(self, seconds: float = SECONDS) -> dict[str, Health]:
        """The health of each part, after at most `seconds` altogether."""
        end = time.monotonic() + seconds
        return {name: _result(future, end, seconds) for name, future in self._ask_all().items()}

    async def without_thread(self, seconds: float = SECONDS) -> dict[str, Health]:
        """The same, for the event loop."""
        end = time.monotonic() + seconds
        asked, pauses = self._ask_all(), deferred.pauses()
        # Nobody is called back: what hangs would keep all who ever asked.
        while not all(one.done() for one in asked.values()) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(next(pauses))
        return {name: _result(future, 0.0, seconds) for name, future in asked.items()}

    def _ask_all(self) -> dict[str, Future[Health]]:
        with self._lock:
            for name, ask in self._parts.items():
                if name not in self._asked or self._asked[name].done():
                    self._asked[name] = self._pool.submit(_ask, name, ask)
            return dict(self._asked)


def _result(future: Future[Health], end: float, seconds: float) -> Health:
    try:
        return future.result(max(0.0, end - time.monotonic()))
    except TimeoutError:
        return Health(ok=False, reason=f"no answer within {seconds:g} s", seconds=seconds)


def _ask(name: str, ask: Callable[[], object]) -> Health:
    began, reason = time.monotonic(), ""
    try:
        ask()
    except EngineUnavailable as error:
        reason = error.for_operators
    except (CatalogError, NotWell) as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - whatever a part throws, it is not well
        log.warning("%s is not well: %s", name, error)
        reason = type(error).__name__
    finally:
        close_old_connections()
    return Health(ok=not reason, reason=reason, seconds=time.monotonic() - began)


probe = Prober(PARTS)
