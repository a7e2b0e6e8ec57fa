"""Every class of error there is, whichever modules happen to be loaded."""

import pkgutil
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import import_module

from catalog.api.error_responses import Dialect
from catalog.errors import CatalogError

NOTHING_DECLARED = frozenset({"migrations", "management", "admin", "tasks"})
"""Parts of names of modules that need not be loaded."""
NO_ERRORS = NOTHING_DECLARED | {"notifications"}
"""Parts of names of modules whose errors no request meets."""


def codes_by_status(dialect: Dialect, packages: Iterable[str]) -> dict[int, list[str]]:
    """The stable codes behind each status, of the kernel's errors and the packages'."""
    found: dict[int, set[str]] = {}
    for error in error_classes(frozenset(packages)):
        found.setdefault(dialect.status_of(error), set()).add(error.code)
    return {status: sorted(codes) for status, codes in sorted(found.items())}


@lru_cache(maxsize=16)
def error_classes(packages: frozenset[str]) -> tuple[type[CatalogError], ...]:
    """The kernel's classes and the packages', the bases first."""
    inside = packages | {"catalog"}
    for package in inside:
        load(package)
    return tuple(one for one in _known() if _answers(one.__module__.split("."), inside))


def _answers(module: list[str], packages: frozenset[str]) -> bool:
    return module[0] in packages and NO_ERRORS.isdisjoint(module)


def _known() -> Iterator[type[CatalogError]]:
    waiting = list(CatalogError.__subclasses__())
    seen: set[type[CatalogError]] = set()
    while waiting:
        found = waiting.pop(0)
        waiting.extend(found.__subclasses__())
        if found not in seen:
            seen.add(found)
            yield found


def load(package: str) -> None:
    """Import every module of the package that may declare something."""
    found = import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}."):
        if NOTHING_DECLARED.isdisjoint(module.name.split(".")):
            import_module(module.name)
