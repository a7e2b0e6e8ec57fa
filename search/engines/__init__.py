"""The engine of the running service, chosen by `VITRINE_SEARCH_ENGINE`."""

import os
from collections.abc import Callable
from functools import lru_cache

from django.utils.module_loading import import_string

from catalog.conf import CatalogConfig, section
from search.conf import SearchConfig
from search.engine import Engine


@lru_cache(maxsize=1)
def current() -> Engine:
    """The one engine of this process; tests that change the settings call `current.cache_clear()`."""
    config = section(SearchConfig)
    if config.engine == "elasticsearch":
        return _class("search.engines.elasticsearch.engine.ElasticsearchEngine")(
            config.addresses(),
            prefix=config.index_prefix,
            shards=config.shards,
            timeout=config.timeout,
            waiters=config.waiters,
            away_seconds=config.away_seconds,
            ca_certs=config.ca_certs or None,
        )
    folder = section(CatalogConfig).data_dir.resolve() / "search"
    return _class("search.engines.embedded.engine.EmbeddedEngine")(folder)


def _class(path: str) -> Callable[..., Engine]:
    """By name, so that a process loads one engine's libraries and not the other's (20 MiB and a second each)."""
    found: Callable[..., Engine] = import_string(path)
    return found


os.register_at_fork(after_in_child=current.cache_clear)
"""A child that spoke over its parent's connections would read answers meant for its siblings."""
