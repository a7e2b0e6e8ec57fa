"""A service under load, brought to rest and looked at."""

import logging
import time
from dataclasses import dataclass

from tests.crash.load import Load, history
from tests.support import indexes
from tests.support.checker import Checker, Query, postgresql, sqlite
from tests.support.crash import Victim
from tests.support.service import Service

log = logging.getLogger(__name__)


@dataclass
class Stage:
    """Everything a crash test has: the service, its clients, and who looks at what they left."""

    victim: Victim
    load: Load
    query: Query
    checker: Checker
    seed: int
    spoilt: bool = False

    def settle(self, seconds: float) -> None:
        """Wait until nothing is under way; what stays is found by the check after it."""
        began = time.monotonic()
        calm = 0
        while calm < 2 and time.monotonic() < began + seconds:
            calm = 0 if any(True for _ in self.checker.unsettled()) else calm + 1
            time.sleep(0.3)
        log.info("at rest after %.1f s", time.monotonic() - began)

    def check(self, context: str) -> None:
        """AssertionError with all there is to say when anything does not agree."""
        log.info(
            "%s; seed %d; %s", context, self.seed, dict(sorted(self.load.ledger.counts.items()))
        )
        found = [*self.checker.findings(), *self.load.ledger.findings(self.query)]
        self.spoilt = bool(found)
        if not found:
            return
        told = "\n".join(history(self.load.ledger, {finding.subject for finding in found}))
        listed = "\n".join(map(str, found[:60]))
        counts = dict(sorted(self.load.ledger.counts.items()))
        raise AssertionError(
            f"{len(found)} findings; {context}; seed {self.seed}; {counts}\n{listed}\n"
            f"--- what clients did there\n{told[:20000]}\n"
            f"--- the end of {self.victim.service.log}\n{self.victim.tail()}"
        )


def look_into(service: Service) -> tuple[Query, Checker]:
    """Its database, and who looks at all it keeps."""
    settings = service.environment
    if "VITRINE_DATABASE_URL" in settings:
        query = postgresql(settings["VITRINE_DATABASE_URL"])
    else:
        query = sqlite(service.folder / "vitrine.sqlite3")
    if "VITRINE_SEARCH_URL" in settings:
        index = indexes.elasticsearch(
            settings["VITRINE_SEARCH_URL"], settings["VITRINE_SEARCH_INDEX_PREFIX"]
        )
    else:
        index = indexes.embedded(service.folder / "search")
    return query, Checker(query, service.folder / "blobs", index)
