"""What one question may use up while it is answered: asked between the steps, so that no step goes on for long.

Its price was asked before (`query_cost`); this is for what the price could not know, such as the words that others'
documents hold. It therefore never says which part it was.
"""

import time
from dataclasses import dataclass, field

from catalog.callers import require_caller
from catalog.conf import section
from search.conf import SearchConfig
from search.errors import SearchOverdue


@dataclass(frozen=True, slots=True)
class Deadline:
    """From its making on: `seconds` of time, and `cpu_seconds` of the CPU, on the thread that makes it."""

    seconds: float
    cpu_seconds: float
    began: float = field(default_factory=time.monotonic)
    worked: float = field(default_factory=time.thread_time)

    def check(self) -> None:
        """SearchOverdue when it is used up, CallerGone when nobody waits for the answer."""
        require_caller()
        self.require(0.0)

    def require(self, cpu_seconds: float) -> None:
        """SearchOverdue when less than this is left of the CPU's time."""
        if self.left() <= 0 or self.cpu_left() <= cpu_seconds:
            raise SearchOverdue("the search takes too long and was ended; ask for less at once")

    def left(self) -> float:
        """Seconds."""
        return self.began + self.seconds - time.monotonic()

    def cpu_left(self) -> float:
        """Seconds of the CPU."""
        return self.worked + self.cpu_seconds - time.thread_time()


def caller_deadline() -> Deadline:
    """What a caller's question may use up from now on, on this thread."""
    config = section(SearchConfig)
    return Deadline(config.seconds, config.cpu_seconds)


UNBOUNDED = Deadline(float("inf"), float("inf"))
"""For what the service asks itself."""
