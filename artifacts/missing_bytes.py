"""Bytes that rows speak of and no store has: told to who asks for them, logged, and counted."""

import logging

from prometheus_client import Counter

from catalog.errors import Unavailable

log = logging.getLogger(__name__)

LOST = Counter("vitrine_bytes_lost", "Times that bytes were asked for which no store has any more")


class BytesLost(Unavailable):
    """The rows speak of bytes that no store has; somebody has to bring them back."""

    code = "bytes_lost"


def bytes_lost(**facts: object) -> BytesLost:
    """The error to raise; `facts` say in the log, and nowhere else, what is missing and where."""
    note(**facts)
    return BytesLost("no store has the bytes that belong here; the operator has to look after them")


def note(**facts: object) -> None:
    """Log and count it."""
    LOST.inc()
    log.error("bytes are lost", extra=facts)
