"""What surrounds every request, native or Django's: its id, its host, its line in the log, its place in the metrics.

It also gives the last answer to what nobody caught, and to what the service's end cuts off.
"""

import asyncio
import contextlib
import logging
import time
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog import callers, outage_log, requestids
from catalog.errors import CatalogError, InvalidParameter, Unavailable
from settings import error_dialects, metrics
from settings.addresses import regular
from settings.bodies import ClientGone, client_key
from settings.hosts import Hosts
from settings.proxies import TrustedProxies

access = logging.getLogger("vitrine.access")
log = logging.getLogger(__name__)

_HEADER = requestids.HEADER.encode()
_TOKEN = b"x-auth-token"
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_COME_BACK = {"Connection": "close", "Retry-After": "5"}
CLIENT_CLOSED = 499
PARTING = 2.0
"""Seconds that requests which the service's end cuts off have for being cleaned up after and answered."""

AWAY = "the database does not answer"
FULL = "the disk of the database is full: what is stored can be read, nothing can be written"
UNWRITABLE = {
    "disk is full": FULL,
    "No space left on device": FULL,
    "readonly database": "the database's file cannot be written",
}
"""What SQLite and PostgreSQL say, and what clients are told; operators read the rest in the log."""


class InternalError(CatalogError):
    """Something here is broken; the log knows what."""

    code = "internal_error"


def failure(error: BaseException | None) -> CatalogError:
    """What is said of an error that nobody caught; a database that is away is no defect and comes back."""
    if outage_log.of_database(error):
        told = str(error)
        said = next((ours for theirs, ours in UNWRITABLE.items() if theirs in told), AWAY)
        return Unavailable(said, headers={"Retry-After": "5"})
    return InternalError("the service failed; its log knows this request's id")


class OutermostMiddleware:
    """The outermost ASGI application; `app` takes over once the request has an id, a host and a believable origin."""

    def __init__(self, app: ASGIApp, *, proxies: TrustedProxies, hosts: Hosts) -> None:
        self._app = app
        self._proxies, self._hosts = proxies, hosts
        self._under_way = 0
        self._empty = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read = regular(self._proxies.read(scope))
        record = _RequestRecord(scope, read, self._hosts, receive, send)
        token = requestids.current.set(record.request_id)
        callers.current.set(callers.name(_sent(scope, _TOKEN), client_key(record.scope)))
        self._under_way += 1
        self._empty.clear()
        try:
            await self._pass(record)
        except asyncio.CancelledError:  # the service ends, and gave it all the time there was
            record.gone = record.status != 0
            if record.gone:
                raise
            await record.part(Unavailable("the service is stopping", headers=_COME_BACK))
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._empty.set()
            record.note()
            requestids.current.reset(token)

    async def emptied(self, patience: float = PARTING) -> None:
        """Wait, within limits, for requests that were cancelled to be cleaned up after and answered."""
        if self._under_way:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._empty.wait()

    async def _pass(self, record: "_RequestRecord") -> None:
        try:
            if record.refusal is not None:
                raise record.refusal
            await self._app(record.scope, record.receive, record.send)
        except (ClientGone, ClientDisconnect):
            record.gone = True
        except TimeoutError:
            record.gone = record.status != 0
            if not record.gone:
                log.exception("a request ran into a time limit that nobody handles")
                await record.answer(InternalError("the service did not finish in time"))
        except CatalogError as error:
            await record.answer(error)
        except HTTPException as error:
            told = CatalogError(error.detail, headers=dict(error.headers or {}))
            await record.answer(told, status=error.status_code)
        except Exception as error:
            if outage_log.of_database(error):
                outage_log.tell_database(log, error)
            else:
                log.exception("a request failed", extra={"path": record.scope["path"]})
            await record.answer(failure(error))


class _RequestRecord:
    """One request on its way through, and what is known of it at the end."""

    def __init__(
        self, sent: Scope, scope: Scope, hosts: Hosts, receive: Receive, send: Send
    ) -> None:
        """`scope` is what the proxies before us, and `regular`, made of what was `sent`."""
        self.scope = scope
        self._receive, self._send = receive, send
        self._began = time.perf_counter()
        self.received = self.sent = self.status = 0
        self.gone = self._all_came = False
        self.refusal: CatalogError | None = None
        try:
            self.request_id = requestids.accept(_sent(scope, _HEADER))
            hosts.require(sent, scope)
            _require_readable(scope)
        except CatalogError as error:
            self.refusal = error
            self.request_id = requestids.accept(None)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
        self._all_came = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"] = list(message.get("headers", ()))
            there = {name for name, _ in headers}
            if _HEADER not in there:
                headers.append((_HEADER, self.request_id.encode("latin-1")))
            if _NO_SNIFFING[0] not in there:
                headers.append(_NO_SNIFFING)
        else:
            self.sent += len(message.get("body", b""))
        await self._send(message)

    async def part(self, error: CatalogError) -> None:
        """Tell the error to a client that may be sending still: while its bytes are taken it comes to read that."""
        await self.answer(error, more=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PARTING / 2):
                while not self._all_came:
                    await self.receive()
        await self.send({"type": "http.response.body", "body": b""})

    async def answer(
        self, error: CatalogError, *, status: int | None = None, more: bool = False
    ) -> None:
        """Tell the error; once an answer has begun nothing can be told, and the server cuts it."""
        if self.status:
            return
        dialect = error_dialects.dialect_at(self.scope["path"])
        status = status or dialect.status(error)
        body, content_type = dialect.body(error, status, _sent(self.scope, b"accept"))
        headers = dialect.headers(error) | {
            "content-type": content_type,
            "content-length": str(len(body)),
        }
        encoded = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": encoded})
        await self.send({"type": "http.response.body", "body": body, "more_body": more})

    def note(self) -> None:
        """Write the line in the log and count the request."""
        seconds = time.perf_counter() - self._began
        path, method = self.scope["path"], self.scope["method"]
        status = self.status or CLIENT_CLOSED
        route = metrics.route_class(path, data="endpoint" in self.scope)
        metrics.observe(
            route, method, status, seconds=seconds, received=self.received, sent=self.sent
        )
        level = logging.DEBUG if route in metrics.QUIET else logging.INFO
        if access.isEnabledFor(level):
            client = self.scope.get("client")
            access.log(
                level,
                "%s %s %d",
                method,
                path,
                status,
                extra={
                    "method": method,
                    "path": path,
                    "status": status,
                    "duration": round(seconds, 6),
                    "bytes": self.sent,
                    "received": self.received,
                    "client": client[0] if client else None,
                    "complete": not self.gone,
                },
            )


def _sent(scope: Scope, header: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name == header:
            return str(value.decode("latin-1"))
    return None


def _require_readable(scope: Scope) -> None:
    """No name, id or value holds NUL, and PostgreSQL would refuse it in the middle of a query; nor anything that is no
    UTF-8, which would be taken for another text (`glance-v2-images.md`, section 1.2).
    """
    path = scope.get("raw_path") or scope["path"].encode()
    for name, sent in (("path", path), ("query", scope["query_string"])):
        if b"%" not in sent and sent.isascii():
            continue
        decoded = unquote_to_bytes(sent)
        if b"\x00" in decoded:
            raise InvalidParameter(f"the {name} must not hold the NUL character")
        try:
            decoded.decode()
        except UnicodeDecodeError:
            raise InvalidParameter(f"the {name} is not UTF-8") from None
