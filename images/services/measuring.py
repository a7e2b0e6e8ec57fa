"""Asking the servers that keep others' data how large it is, on behalf of users who named the address.

Such a server answers when it likes. Few requests wait for one at the same time: the others are told to come again, and
the threads that are left go on with everything else.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition

from artifacts import stores
from artifacts.stores import Configured
from catalog.conf import section
from catalog.errors import Unavailable
from images.conf import ImagesConfig
from images.locations import InvalidLocation
from stores import AddressRefused, StoreError

PATIENCE = 1.0
"""Seconds that a request stands in line: servers that are well answer sooner."""


class ServersBusy(Unavailable):
    """As many requests wait for servers of locations as may."""

    code = "location_servers_busy"


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found at an address: the store that reads it, and how many bytes there are."""

    store: str
    size: int


def measure(url: str) -> Measured:
    """Who reads the address, and how large the data there is. InvalidLocation, ServersBusy."""
    scheme = url.partition(":")[0].lower()
    takers = [one for one in stores.listing() if scheme in one.store.url_schemes]
    if not takers:
        raise InvalidLocation(f"no store here reads addresses that begin with {scheme + ':'!r}")
    with _waiting():
        return _asked(url, sorted(takers, key=lambda found: -found.weight))


def _asked(url: str, takers: Sequence[Configured]) -> Measured:
    refused: StoreError | None = None
    for one in takers:
        try:
            size = one.store.stat(url).size
        except AddressRefused as error:
            refused = error
        except StoreError as error:
            raise InvalidLocation(f"Invalid location: {error.message}") from error
        else:
            if not size:
                raise InvalidLocation("Invalid location: there is no data")
            return Measured(one.name, size)
    raise InvalidLocation(f"Invalid location: {refused and refused.message}") from refused


class _Waiting:
    """How many requests of this process wait for a server."""

    count = 0
    freed = Condition()


@contextmanager
def _waiting() -> Iterator[None]:
    most = section(ImagesConfig).location_waiters
    with _Waiting.freed:
        if not _Waiting.freed.wait_for(lambda: _Waiting.count < most, PATIENCE):
            raise ServersBusy(
                "too many requests wait for the servers of their locations; try again",
                headers={"Retry-After": "5"},
            )
        _Waiting.count += 1
    try:
        yield
    finally:
        with _Waiting.freed:
            _Waiting.count -= 1
            _Waiting.freed.notify()
