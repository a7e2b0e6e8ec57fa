"""The broker of one machine: kombu's files in a folder, written whole and asked in short waits.

Celery's loop looks whether it shall stop between two waits of two seconds and more; a stop should not take that long.
kombu writes a message under the name that readers look for: who looks meanwhile takes half of it, and its worker ends.
"""

import logging
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps
from typing_extensions import override

log = logging.getLogger(__name__)

SCHEME = "vitrine-files"
LONGEST = 0.2


class Channel(filesystem.Channel):
    @override
    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override] # kombu disagrees with itself
        """Write under a name that nobody looks for, and rename. ChannelError when that fails."""
        whole = Path(self.data_folder_out) / f"{monotonic() * 1000:.0f}_{uuid4()}.{queue}.msg"
        part = whole.with_suffix(".part")
        try:
            part.write_text(dumps(payload), encoding="utf-8")  # type: ignore[no-untyped-call] # so is kombu
            part.replace(whole)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ChannelError(f"cannot write {whole}: {error.strerror}") from error

    @override
    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """The next message; a file that is none (a full disk left it) is dropped, since messages are only hints."""
        while True:
            try:
                found = super()._get(queue)  # type: ignore[no-untyped-call] # so is kombu
            except ValueError:
                found = None
            if isinstance(found, dict) and "properties" in found:
                return found
            log.warning("dropped a file in the queue %s that is no message", queue)


class Transport(filesystem.Transport):
    Channel = Channel

    @override
    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> None:
        """Pass on one message; TimeoutError when none comes, after `LONGEST` seconds at most."""
        wait = timeout if timeout is None else min(timeout, LONGEST)
        super().drain_events(connection, timeout=wait, **options)  # type: ignore[no-untyped-call] # so is kombu


def register() -> None:
    """Make the scheme known to kombu."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
