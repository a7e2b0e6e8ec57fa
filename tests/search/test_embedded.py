"""The embedded engine under the common suite, and what only it can do: several processes, sudden deaths."""

from pathlib import Path

from typing_extensions import override

from search.engine import Engine
from search.engines.embedded.engine import EmbeddedEngine
from tests.conformance.search_suite import SearchEngineConformance


class TestEmbeddedEngine(SearchEngineConformance):
    @override
    @classmethod
    def make(cls, folder: Path, name: str) -> Engine:
        return EmbeddedEngine(folder / "search")
