"""Settings of search."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from typing_extensions import override

from catalog.conf import Section, setting


@dataclass(frozen=True, kw_only=True)
class SearchConfig(Section):
    prefix: ClassVar[str] = "search"

    engine: Literal["embedded", "elasticsearch"] = setting("embedded", help="Which engine keeps the index.")
    url: str = setting("", help="Elasticsearch's address; several are separated by commas.", secret=True)
    index_prefix: str = setting("vitrine", help="Name that the indexes begin with.")
    wait_limit: float = setting(10.0, help="Longest wait, in seconds, of a search with consistency=wait.")

    @override
    def problems(self) -> Iterable[str]:
        if self.engine == "elasticsearch" and not self.url:
            yield "VITRINE_SEARCH_URL is required when VITRINE_SEARCH_ENGINE is elasticsearch"
