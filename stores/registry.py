"""Stores by alias, from configuration: a driver is named by entry point or by dotted path."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from stores.base import BlobStore
from stores.errors import StoreMisconfigured

GROUP = "vitrine.stores"
"""The entry-point group in which other packages offer their stores."""

BUILT_IN = MappingProxyType(
    {
        "file": "stores.file:FileStore",
        "http": "stores.http:HttpStore",
        "memory": "stores.memory:MemoryStore",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreConfig:
    """One store: the driver's name or dotted path, and its constructor's arguments."""

    backend: str
    options: Mapping[str, object] = field(default_factory=dict)


def build(config: Mapping[str, StoreConfig]) -> Mapping[str, BlobStore]:
    """Make the stores, each named by its alias, or raise StoreMisconfigured; read-only."""
    drivers = _drivers()
    return MappingProxyType({alias: _make(alias, one, drivers) for alias, one in config.items()})


def _drivers() -> dict[str, EntryPoint]:
    """Return the built-in and the offered drivers by name; a name taken twice is refused."""
    built_in = [EntryPoint(name, path, GROUP) for name, path in BUILT_IN.items()]
    drivers: dict[str, EntryPoint] = {}
    for point in [*built_in, *entry_points(group=GROUP)]:
        taken = drivers.setdefault(point.name, point)
        if taken.value != point.value:
            raise StoreMisconfigured(
                "two drivers of one name", backend=point.name, one=taken.value, other=point.value
            )
    return drivers


def _make(alias: str, config: StoreConfig, drivers: Mapping[str, EntryPoint]) -> BlobStore:
    """Make one store; the options are compared with the signature before the call."""
    facts = {"alias": alias, "backend": config.backend}
    driver = _load(config.backend, drivers, facts)
    if not (inspect.isclass(driver) and issubclass(driver, BlobStore)):
        raise StoreMisconfigured("the backend is no BlobStore", **facts)
    try:
        inspect.signature(driver).bind(**config.options)
    except TypeError as error:
        raise StoreMisconfigured(f"the options do not fit: {error}", **facts) from error
    if inspect.isabstract(driver):
        raise StoreMisconfigured("the backend is abstract", **facts)
    try:
        store = driver(**config.options)
    except (TypeError, ValueError, OverflowError) as error:
        raise StoreMisconfigured(f"the options do not fit: {error}", **facts) from error
    store.name = alias
    return store


def _load(backend: str, drivers: Mapping[str, EntryPoint], facts: Mapping[str, object]) -> object:
    """Import what the backend names; a name without a dot is a driver's."""
    try:
        if backend in drivers:
            loaded: object = drivers[backend].load()
            return loaded
        module, dot, name = backend.replace(":", ".").rpartition(".")
        if not dot:
            raise StoreMisconfigured("no such driver", **facts, known=sorted(drivers))
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise StoreMisconfigured(f"the backend cannot be imported: {error}", **facts) from error
