"""Answers that carry bytes: a view says who sends them, and the event loop does, so that no thread is held."""

from collections.abc import Awaitable, Callable

from django.http import HttpResponse
from starlette.requests import Request
from starlette.responses import Response

Send = Callable[[Request], Awaitable[Response]]


class Delegated(HttpResponse):
    """Not an answer: the server lets `sender` make it, and adds the headers of this one that it does not have."""

    def __init__(self, sender: Send) -> None:
        super().__init__(status=503)
        self.sender = sender
        del self["Content-Type"]
