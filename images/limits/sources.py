"""Where the limits come from: one port, chosen by the setting `images.limits`.

`off` limits nothing. `local` reads the tables of this service. Others join by `provide`, called from
`AppConfig.ready` of an app that knows how to ask: the name `keystone` is kept for Keystone's unified limits.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import lru_cache

from typing_extensions import override

from catalog.conf import section
from catalog.registry import Registry
from images.conf import ImagesConfig
from images.limits.resources import Resource

UNLIMITED = -1
OFF, LOCAL, KEYSTONE = "off", "local", "keystone"


class LimitSource(ABC):
    """Limits of projects. It is asked before every create and upload: it should remember answers for a while."""

    @abstractmethod
    def limits_for(self, project_id: str) -> Mapping[Resource, int]:
        """The limit of every `Resource` for this project; negative: no limit. A resource that is left out allows
        nothing, as an unregistered limit of Keystone's does. `catalog.errors.Unavailable` when nobody answers.
        """


class _Off(LimitSource):
    @override
    def limits_for(self, project_id: str) -> Mapping[Resource, int]:
        return dict.fromkeys(Resource, UNLIMITED)


_factories: Registry[Callable[[], LimitSource]] = Registry("limit source")
_factories.register(OFF, _Off)


def provide(name: str, factory: Callable[[], LimitSource]) -> None:
    """Make a source known; it is made at the first question."""
    _factories.register(name, factory)
    _made.cache_clear()


def known() -> frozenset[str]:
    """Names that `images.limits` may have."""
    return frozenset(_factories)


def chosen() -> str:
    return section(ImagesConfig).limits


def source() -> LimitSource:
    """The source of the running service."""
    return _made(chosen())


@lru_cache(maxsize=4)
def _made(name: str) -> LimitSource:
    return _factories[name]()
