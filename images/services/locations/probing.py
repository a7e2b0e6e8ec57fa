"""Probing the servers that keep others' data: how large it is, on behalf of users who named the address.

Such a server answers when it likes. Few requests wait for one at the same time, and fewer for those of one project's
images: the others are told to come again, and the threads that are left go on with everything else.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from artifacts import configured_stores
from artifacts.configured_stores import Configured
from catalog.bulkhead import Bulkhead, BulkheadFull
from catalog.conf import section
from catalog.errors import Unavailable
from images.conf import ImagesConfig
from images.location_patching import InvalidLocation
from stores import AddressRefused, StoreError


class ServersBusy(Unavailable):
    """As many requests wait for servers of locations as may."""

    code = "location_servers_busy"


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found at an address: the store that reads it, and how many bytes there are."""

    store: str
    size: int


def probe(url: str, *, owner: str | None) -> Probed:
    """Who reads the address, and how large the data there is, for an image of this project.

    InvalidLocation, ServersBusy.
    """
    scheme = url.partition(":")[0].lower()
    takers = [one for one in configured_stores.listing() if scheme in one.store.url_schemes]
    if not takers:
        raise InvalidLocation(f"no store here reads addresses that begin with {scheme + ':'!r}")
    with _permit(owner or ""):
        return _asked(url, sorted(takers, key=lambda found: -found.weight))


def _asked(url: str, takers: Sequence[Configured]) -> Probed:
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
            return Probed(one.name, size)
    raise InvalidLocation(f"Invalid location: {refused and refused.message}") from refused


_bulkhead = Bulkhead()


@contextmanager
def _permit(owner: str) -> Iterator[None]:
    """One of the few permits, or ServersBusy."""
    config = section(ImagesConfig)
    most, share = config.location_waiters, config.location_waiters_each
    try:
        with _bulkhead.permit(most, key=owner, share=share):
            yield
    except BulkheadFull:
        raise ServersBusy(
            "too many requests wait for the servers of their locations; try again",
            headers={"Retry-After": "5"},
        ) from None
