"""The engine of the running service, chosen by `VITRINE_SEARCH_ENGINE`."""

import os
from functools import lru_cache

from catalog.conf import CatalogConfig, section
from search.conf import SearchConfig
from search.engine import Engine
from search.engines.elasticsearch.engine import ElasticsearchEngine
from search.engines.embedded.engine import EmbeddedEngine


@lru_cache(maxsize=1)
def current() -> Engine:
    """The one engine of this process; tests that change the settings call `current.cache_clear()`."""
    config = section(SearchConfig)
    if config.engine == "elasticsearch":
        return ElasticsearchEngine(
            config.addresses(),
            prefix=config.index_prefix,
            shards=config.shards,
            timeout=config.timeout,
            ca_certs=config.ca_certs or None,
        )
    return EmbeddedEngine(section(CatalogConfig).data_dir.resolve() / "search")


os.register_at_fork(after_in_child=current.cache_clear)
"""A child that spoke over its parent's connections would read answers meant for its siblings."""
