"""Time, in one place: aware UTC, microseconds in the database, seconds and `Z` on most wires."""

from datetime import UTC, datetime

import orjson

_SECONDS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


def now() -> datetime:
    return datetime.now(UTC)


def iso_seconds(moment: datetime) -> str:
    """`2026-01-02T03:04:05Z`, as the Images and Metadefs dialects write times; of a moment in UTC."""
    return orjson.dumps(moment, option=_SECONDS)[1:-1].decode()
