"""State machines: what the table lists is possible, everything else is refused."""

import pytest

from artifacts.lifecycle import ARTIFACT
from catalog.jobs.lifecycle import JOB
from catalog.lifecycle import IllegalTransition, Machine
from images.lifecycle import IMAGE

MACHINES = [ARTIFACT, IMAGE, JOB]
EVERY = [
    (m, state, event) for m in MACHINES for state in sorted(m.states) for event in m.transitions
]


@pytest.mark.parametrize(("machine", "state", "event"), EVERY, ids=lambda v: getattr(v, "name", v))
def test_only_listed_transitions_are_possible(machine: Machine, state: str, event: str) -> None:
    transition = machine.transitions[event]
    if state in transition.sources:
        assert machine.target(event, state) == transition.target
        assert machine.allows(event, state)
    else:
        with pytest.raises(IllegalTransition) as refused:
            machine.target(event, state)
        assert refused.value.facts["state"] == state
        assert not machine.allows(event, state)


def test_nothing_leaves_deleted() -> None:
    for machine in (ARTIFACT, IMAGE):
        assert not [e for e, t in machine.transitions.items() if "deleted" in t.sources]
