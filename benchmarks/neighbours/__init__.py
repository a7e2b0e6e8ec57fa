"""Members who do the worst of each kind, by name; each is a small class whose docstring says what it does."""

from collections.abc import Mapping

from benchmarks.neighbours.connections import (
    BodiesFromEverywhere,
    BodiesWithoutToken,
    DrippingUploads,
    SlowReaders,
    UnreadDownloads,
)
from benchmarks.neighbours.listing import FatLists, FatWrites, Histories, UnindexedLists
from benchmarks.neighbours.neighbour import Neighbour
from benchmarks.neighbours.parsing import ManyKeys
from benchmarks.neighbours.searching import (
    Aggregations,
    Clauses,
    DeepPages,
    Facets,
    Patterns,
    Waiters,
)
from benchmarks.neighbours.servers import SlowServers
from benchmarks.neighbours.usual import Usual, WrongPasswords

NEIGHBOURS: Mapping[str, type[Neighbour]] = {
    one.name: one
    for one in (
        Usual,
        Patterns,
        Clauses,
        Aggregations,
        DeepPages,
        Facets,
        Waiters,
        BodiesWithoutToken,
        BodiesFromEverywhere,
        SlowReaders,
        UnreadDownloads,
        DrippingUploads,
        UnindexedLists,
        FatLists,
        FatWrites,
        Histories,
        ManyKeys,
        SlowServers,
        WrongPasswords,
    )
}
"""The usual one is no bad neighbour: it shows what sharing the machine costs in any case."""
