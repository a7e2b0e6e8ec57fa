"""Settings of search."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from typing_extensions import override

from catalog.conf import LONG, MOST_THREADS, SOON, Section, is_file, setting

MOST_SHARDS = 1024
"""Elasticsearch's own bound."""
MOST_BATCH = 10_000
MOST_BYTES = 1 << 30
FEWEST_WAITERS = 2
"""The relay writes, and beside that looks after the index."""
_INDEX_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class SearchConfig(Section):
    prefix: ClassVar[str] = "search"

    engine: Literal["embedded", "elasticsearch"] = setting(
        "embedded", help="Which engine keeps the index."
    )
    url: str = setting(
        "", help="Elasticsearch's address; several are separated by commas.", secret=True
    )
    ca_certs: str = setting(
        "", help="File of the authorities that sign Elasticsearch's certificate."
    )
    index_prefix: str = setting("vitrine", help="Name that the indexes begin with.")
    shards: int = setting(1, help="Primary shards of an Elasticsearch index.")
    timeout: float = setting(10.0, help="Seconds that one request to Elasticsearch may take.")
    waiters: int = setting(
        4,
        help="Requests to Elasticsearch that a process has under way at once: fewer than its threads, so that the"
        " others go on when it hangs; more are answered 503.",
    )
    away_seconds: float = setting(
        1.0,
        help="Seconds for which nobody asks Elasticsearch again after it could not be reached;"
        " then one request tries for all.",
    )
    places: int = setting(
        2,
        help="Searches that a process answers at once with the embedded engine (with Elasticsearch: waiters); a project"
        " gets half of them at most.",
    )
    seconds: float = setting(5.0, help="Seconds after which a search is ended with 503.")
    cpu_seconds: float = setting(
        0.7,
        help="Seconds of the CPU of this process after which a search is ended with 503; what would need more by its"
        " form is refused before it begins.",
    )
    wait_limit: float = setting(
        10.0, help="Longest wait, in seconds, of a search with consistency=wait."
    )
    relay_batch: int = setting(200, help="Deliveries that a relay takes at once.")
    relay_bytes: int = setting(
        256 << 10,
        help="Bytes of documents after which a relay writes what it took, a part for each project of the batch.",
    )
    relay_poll: float = setting(1.0, help="Seconds between a relay's looks when nobody wakes it.")

    @override
    def problems(self) -> Iterable[str]:
        if self.engine == "elasticsearch" and not self.url:
            yield "VITRINE_SEARCH_URL is required when VITRINE_SEARCH_ENGINE is elasticsearch"
        for address in self.addresses():
            if not address.startswith(("http://", "https://")):
                yield f"VITRINE_SEARCH_URL must begin with http:// or https://, not {address[:20]!r}"
            elif not _has_port(address):
                yield "VITRINE_SEARCH_URL must name host and port, as in http://search.example:9200"
        if not _INDEX_NAME.fullmatch(self.index_prefix):
            yield "VITRINE_SEARCH_INDEX_PREFIX must be lower-case letters, digits, - and _"
        yield from self.outside(SOON, LONG, "timeout", "wait_limit", "relay_poll")
        yield from self.outside(SOON, LONG, "seconds", "cpu_seconds")
        yield from self.outside(1, MOST_THREADS, "places")
        yield from self.outside(0, LONG, "away_seconds")
        yield from self.outside(FEWEST_WAITERS, MOST_THREADS, "waiters")
        yield from self.outside(1, MOST_BATCH, "relay_batch")
        yield from self.outside(1, MOST_BYTES, "relay_bytes")
        yield from self.outside(1, MOST_SHARDS, "shards")
        if self.ca_certs and not is_file(self.ca_certs):
            yield f"VITRINE_SEARCH_CA_CERTS: {self.ca_certs} is not a file"

    def addresses(self) -> list[str]:
        """The nodes of Elasticsearch, one address each."""
        return [part.strip() for part in self.url.split(",") if part.strip()]


def _has_port(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname and parts.port)
    except ValueError:
        return False
