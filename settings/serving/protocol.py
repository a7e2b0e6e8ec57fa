"""uvicorn's HTTP protocol with what it leaves open: how long a request's head may be, and may take; how long a client
may read nothing of what is sent to it; requests behind one that asked to upgrade the connection; and the end of a
connection on which more requests have come than the one that is answered.
"""

import asyncio
import contextlib
import fcntl
import sys
import termios
from typing import Any

import httptools
from typing_extensions import override
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from artifacts.conf import ArtifactsConfig
from catalog.conf import section

HEAD_LIMIT = 64 << 10
HEAD_SECONDS = 30.0
LEAST_RATE = 1 << 10
"""Bytes a second; who takes fewer does not read."""


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose request line and headers do not end, and those whose client reads nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._size = 0
        self._reading_head = True
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._answered: RequestResponseCycle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the parent
        super().connection_made(transport)
        self._expect_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._head_ended()
        self._read_on()
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True  # the parent knows of the request that came last
            self._answered.message_event.set()
        super().connection_lost(exc)

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    @override
    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self._feed(data)
        except httptools.HttpParserError:
            if self._last_is_read():
                return
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
            return
        if self._reading_head:
            self._size += len(data)
            if self._size > HEAD_LIMIT and not self.transport.is_closing():
                self.send_400_response("The headers are too long.")

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    @override
    def on_headers_complete(self) -> None:
        self._head_ended()
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    @override
    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reading()

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._read_on()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect_reading_to_the_end()

    @override
    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expect_reading_to_the_end()

    @override
    def send_400_response(self, msg: str) -> None:
        super().send_400_response(msg)
        self._expect_reading_to_the_end()

    def _last_is_read(self) -> bool:
        """Whether the connection's last request came whole: what follows, of whatever kind, is not answered."""
        last: RequestResponseCycle | None = self.cycle
        return last is not None and not last.keep_alive and not last.more_body

    def _feed(self, data: bytes) -> None:
        """Parse. A request to upgrade is one like any other here, with its body and with requests behind it."""
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                head = self._plain_head()
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                data = head + data[upgrade.args[0] :]
            else:
                return

    def _plain_head(self) -> bytes:
        """The request's head that was read last, without the header that asks for the upgrade: the parser takes what
        follows such a head for another protocol.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            raise httptools.HttpParserError("nothing is tunnelled here")
        lines = [b"%b %b HTTP/%b" % (method, self.url, version.encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def _expect_reading_to_the_end(self) -> None:
        """A connection that is closed stays open until its client has read what it was sent."""
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._expect_reading()

    def _expect_reading(self) -> None:
        """Look now and then whether the client reads, as long as it must before anything else is sent."""
        if self._unread is None:
            idle = section(ArtifactsConfig).idle_timeout
            self._unread = self.loop.call_later(idle, self._look, self._on_its_way())

    def _on_its_way(self) -> int:
        """Bytes that the client's machine has not acknowledged: those that wait here, and in the kernel."""
        queued = bytes(4)
        if (found := self.transport.get_extra_info("socket")) is not None:
            with contextlib.suppress(OSError):
                queued = fcntl.ioctl(found.fileno(), termios.TIOCOUTQ, queued)
        return self.transport.get_write_buffer_size() + int.from_bytes(queued, sys.byteorder)

    def _look(self, before: int) -> None:
        self._unread = None
        left = self._on_its_way()
        if before - left >= min(before, LEAST_RATE * section(ArtifactsConfig).idle_timeout):
            self._expect_reading()
        else:
            self.transport.abort()

    def _read_on(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _expect_head(self) -> None:
        self._size, self._reading_head = 0, True
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _head_ended(self) -> None:
        self._reading_head = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
