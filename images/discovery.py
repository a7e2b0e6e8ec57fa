"""What this site offers beyond the base of the Images API: ways of importing, and stores to choose from."""

from artifacts import configured_stores
from artifacts.configured_stores import Configured
from catalog.errors import NotFound

IMPORT_METHODS: tuple[str, ...] = ()
"""Ways of importing that are offered."""


class SingleStore(NotFound):
    """Clients cannot name stores where there is only the one."""

    code = "single_store"


def listed() -> list[Configured]:
    """The stores that clients may name. SingleStore."""
    require_several()
    return configured_stores.listing()


def require_several() -> None:
    if not configured_stores.several():
        raise SingleStore("Multi backend is not supported at this site.")


def headers() -> dict[str, str]:
    """Headers of the answer to a new image: what its creator may want to know for the next step."""
    found = {}
    if IMPORT_METHODS:
        found["OpenStack-image-import-methods"] = ",".join(IMPORT_METHODS)
    if configured_stores.several():
        found["OpenStack-image-store-ids"] = ",".join(configured_stores.stores())
    return found
