"""The id of the request under way, for logs, events and the answer's `x-openstack-request-id`."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from catalog.errors import InvalidParameter

HEADER = "x-openstack-request-id"
LONGEST = 64
ENVIRON = "vitrine.request_id"
"""Where the serving shell hands Django an id that it has accepted already."""

current: ContextVar[str] = ContextVar("request_id", default="")


def accept(sent: str | None) -> str:
    """The id to use: the client's with `req-` before it, or a new one; InvalidParameter beyond 64 characters."""
    if not sent:
        return f"req-{uuid.uuid4()}"
    if len(sent) > LONGEST:
        raise InvalidParameter(f"{HEADER} is longer than {LONGEST} characters", header=HEADER)
    if not sent.isascii() or not sent.isprintable():
        raise InvalidParameter(f"{HEADER} holds characters that no header should", header=HEADER)
    return sent if sent.startswith("req-") else f"req-{sent}"


@contextmanager
def under(request_id: str) -> Iterator[None]:
    """Let what the block does carry the id."""
    token = current.set(request_id)
    try:
        yield
    finally:
        current.reset(token)
