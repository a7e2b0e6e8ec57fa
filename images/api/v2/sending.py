"""Telling other programs of downloads, once the bytes are gone."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from django.db import DatabaseError
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

from artifacts.api.threads import in_database
from artifacts.models import Artifact
from catalog.actors import Actor
from images import notices

log = logging.getLogger(__name__)


def told(response: Response, image: Artifact, actor: Actor, *, length: int) -> Response:
    """The response; `length` bytes are to go out, and at its end others are told how many did."""
    if not notices.sending_is_told():
        return response
    return _Counted(response, partial(_tell, image, actor, length))


def _tell(image: Artifact, actor: Actor, length: int, count: int) -> None:
    try:
        notices.sent(image, to=actor, count=count, whole=count == length)
    except DatabaseError:
        log.exception("a download is not told of", extra={"image": image.pk, "bytes": count})


class _Counted(Response):
    """Another response, and what is done when it has ended, however that came."""

    def __init__(self, response: Response, done: Callable[[int], None]) -> None:
        super().__init__(status_code=response.status_code)
        self.raw_headers = response.raw_headers  # what is added here goes out with it
        self._response, self._done = response, done

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        count = 0

        async def counting(message: Message) -> None:
            nonlocal count
            await send(message)
            count += len(message.get("body", b""))

        try:
            await self._response(scope, receive, counting)
        finally:
            await asyncio.shield(in_database(lambda: self._done(count)))
