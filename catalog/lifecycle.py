"""State machines as tables: what may happen, from where, to where.

A machine is a value. Services walk it by one conditional UPDATE on the state they read, so of two workers
only one wins; see `artifacts.services.writing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from catalog.errors import Conflict


class IllegalTransition(Conflict):
    """The thing is in a state from which this cannot happen."""

    code = "illegal_transition"


@dataclass(frozen=True, slots=True)
class Transition:
    sources: frozenset[str]
    target: str


@dataclass(frozen=True)
class Machine:
    """A named table of transitions."""

    name: str
    transitions: Mapping[str, Transition]

    def __post_init__(self) -> None:
        object.__setattr__(self, "transitions", MappingProxyType(dict(self.transitions)))

    @property
    def states(self) -> frozenset[str]:
        """Every state the table speaks of."""
        found: set[str] = set()
        for transition in self.transitions.values():
            found |= transition.sources | {transition.target}
        return frozenset(found)

    def target(self, event: str, state: str) -> str:
        """Where `event` leads from `state`; IllegalTransition when the table has no such line."""
        transition = self.transitions[event]
        if state not in transition.sources:
            legal = ", ".join(sorted(transition.sources))
            raise IllegalTransition(
                f"{self.name} is {state}; {event} is possible from: {legal}",
                machine=self.name,
                state=state,
                event=event,
            )
        return transition.target

    def allows(self, event: str, state: str) -> bool:
        return state in self.transitions[event].sources
