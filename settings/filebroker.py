"""The broker of one machine: kombu's files in a folder, asked in short waits.

Celery's loop looks whether it shall stop between two waits of two seconds and more; a stop should not take that long.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from typing_extensions import override

SCHEME = "vitrine-files"
LONGEST = 0.2


class Transport(filesystem.Transport):
    @override
    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> None:
        """Pass on one message; TimeoutError when none comes, after `LONGEST` seconds at most."""
        wait = timeout if timeout is None else min(timeout, LONGEST)
        super().drain_events(connection, timeout=wait, **options)  # type: ignore[no-untyped-call] # so is kombu


def register() -> None:
    """Make the scheme known to kombu."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
