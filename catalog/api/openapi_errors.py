"""Every class of error there is, whichever modules happen to be loaded."""

import pkgutil
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import import_module

from catalog.api.dialects import Dialect
from catalog.errors import CatalogError

NO_ERRORS = ("migrations", "management", "admin", "tasks")
"""Modules that raise no error of their own."""


def codes_by_status(dialect: Dialect, packages: Iterable[str]) -> dict[int, list[str]]:
    """The stable codes behind each status, of the kernel's errors and the packages'."""
    found: dict[int, set[str]] = {}
    for error in error_classes(frozenset(packages)):
        found.setdefault(dialect.status_of(error), set()).add(error.code)
    return {status: sorted(codes) for status, codes in sorted(found.items())}


@lru_cache(maxsize=16)
def error_classes(packages: frozenset[str]) -> tuple[type[CatalogError], ...]:
    """The kernel's classes and the packages', the bases first."""
    for package in packages:
        _load(package)
    inside = packages | {"catalog"}
    return tuple(one for one in _known() if one.__module__.partition(".")[0] in inside)


def _known() -> Iterator[type[CatalogError]]:
    waiting = list(CatalogError.__subclasses__())
    seen: set[type[CatalogError]] = set()
    while waiting:
        found = waiting.pop(0)
        waiting.extend(found.__subclasses__())
        if found not in seen:
            seen.add(found)
            yield found


def _load(package: str) -> None:
    found = import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}."):
        if not any(part in NO_ERRORS for part in module.name.split(".")):
            import_module(module.name)
