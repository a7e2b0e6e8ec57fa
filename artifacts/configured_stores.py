"""The stores of the running service, built once from configuration, and the failpoints inside them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType

from django.conf import settings

from artifacts.conf import StoresConfig
from artifacts.missing_bytes import bytes_lost
from catalog import failpoints
from catalog.conf import ConfigurationError, section
from catalog.errors import InvalidParameter, TooLarge, Unavailable
from stores import (
    BlobNotFound,
    BlobStore,
    StoreConfig,
    StoreError,
    StoreFull,
    StoreMisconfigured,
    build,
)

POINTS: Mapping[str, str] = MappingProxyType(
    {
        name: failpoints.declare(name, meaning)
        for name, meaning in {
            "store.write": "a block is about to be written",
            "store.before_commit": "all bytes are written and have no name yet",
            "store.after_link": "the bytes have their name, the folder is not synced",
            "store.before_delete": "a file is about to go",
            "store.after_delete": "a file is gone, the folder is not synced",
        }.items()
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A store as it is set up: the driver's name, what operators say of it, and the store itself."""

    name: str
    driver: str
    description: str
    weight: int
    default: bool
    store: BlobStore


class UnknownStore(InvalidParameter):
    """No store of this name takes uploads here."""

    code = "unknown_store"


@lru_cache(maxsize=1)
def stores() -> Mapping[str, BlobStore]:
    """Every configured store by its name; ConfigurationError when one cannot be built."""
    try:
        found = build(_configured())
    except StoreMisconfigured as error:
        raise ConfigurationError([f"stores: {error}"]) from None
    if not found[default_store()].can_write:
        raise ConfigurationError(
            [f"stores.default={default_store()!r} only reads; uploads need another one"]
        )
    return found


def several() -> bool:
    """Whether stores were named in the configuration, so that clients may speak of them."""
    return bool(section(StoresConfig).backends)


def listing() -> list[Configured]:
    """Every store, in the configuration's order."""
    backends = section(StoresConfig).backends
    return [
        Configured(
            name=name,
            driver=str(backends.get(name, {}).get("backend", "file")),
            description=str(backends.get(name, {}).get("description", "")),
            weight=weight(name),
            default=name == default_store(),
            store=one,
        )
        for name, one in stores().items()
    ]


def weight(name: str) -> int:
    """How much the store is preferred for reading; 0 unless it is configured."""
    found: int = section(StoresConfig).backends.get(name, {}).get("weight", 0)
    return found


def require_writable(name: str) -> None:
    """UnknownStore when there is no store of this name, or it takes no uploads."""
    if not store(name).can_write:
        raise UnknownStore(f"the store {name!r} only reads; it takes no uploads", store=name)


def store(name: str) -> BlobStore:
    """The store of this name; UnknownStore when there is none."""
    if name not in stores():
        raise UnknownStore(
            f"there is no store {name!r}; known are {', '.join(stores())}", store=name
        )
    return stores()[name]


def default_store() -> str:
    return section(StoresConfig).default


def flat_folders() -> Mapping[str, Path]:
    """The folders of file stores whose files lie directly in them, by the store's name."""
    return {
        name: Path(str(one.options["root"]))
        for name, one in _configured().items()
        if one.backend == "file" and one.options.get("layout") == "flat"
    }


def translated(error: StoreError) -> Exception:
    """What a store's error means to the one who sends or asks for bytes."""
    facts = dict(error.facts)
    if "://" in str(facts.get("key", "")):
        del facts["key"]  # where others keep the data is not everybody's to know
    if isinstance(error, BlobNotFound):
        return bytes_lost(store=facts.get("store"), key=facts.get("key"))
    if isinstance(error, StoreFull):
        return TooLarge("the store has no room left", **facts)
    return Unavailable(f"the store does not answer as it should: {error.message}", **facts)


def _configured() -> dict[str, StoreConfig]:
    config = section(StoresConfig)
    backends = config.backends or {
        config.default: {"backend": "file", "options": {"root": str(settings.DATA_DIR / "blobs")}}
    }
    return {
        name: StoreConfig(backend=str(one.get("backend", "file")), options=_options(one))
        for name, one in backends.items()
    }


def _options(one: Mapping[str, object]) -> dict[str, object]:
    given = one.get("options", {})
    options = dict(given) if isinstance(given, Mapping) else {}
    if one.get("backend", "file") == "file":
        probe: Callable[[str], None] = partial(failpoints.reach)
        options.setdefault("probe", probe)
    return options
