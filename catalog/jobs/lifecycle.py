"""States of a job.

::

    queued ──start──▶ running ──succeed──▶ succeeded
      ▲  │               │ │ └──fail─────▶ failing ──undone──▶ failed ──run_again──▶ queued
      │  └───cancel──┐   │ └──retry──┐
      └──────────────┼───┘◀──────────┘
                     ▼
                 cancelled

A job that fails is never run forward again: what its steps did is undone, by this worker or another one.
"""

from catalog.lifecycle import Machine, Transition

QUEUED, RUNNING, FAILING, SUCCEEDED, FAILED, CANCELLED = (
    "queued",
    "running",
    "failing",
    "succeeded",
    "failed",
    "cancelled",
)
OPEN = (QUEUED, RUNNING, FAILING)

JOB = Machine(
    "job",
    {
        "start": Transition(frozenset({QUEUED, RUNNING}), RUNNING),
        "succeed": Transition(frozenset({RUNNING}), SUCCEEDED),
        "fail": Transition(frozenset({RUNNING}), FAILING),
        "undone": Transition(frozenset({FAILING}), FAILED),
        "retry": Transition(frozenset({RUNNING}), QUEUED),
        "cancel": Transition(frozenset({QUEUED}), CANCELLED),
        "run_again": Transition(frozenset({FAILED}), QUEUED),
    },
)
