"""Time, in one place: aware UTC, microseconds in the database, seconds and `Z` on most wires."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def iso_seconds(moment: datetime) -> str:
    """`2026-01-02T03:04:05Z`, as the Images and Metadefs dialects write times."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
