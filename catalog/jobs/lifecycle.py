"""States of a job.

::

    queued ──start──▶ running ──succeed──▶ succeeded
      ▲  │               │ │ └──fail─────▶ failed ──run_again──▶ queued
      │  └───cancel──┐   │ └──retry──┐
      └──────────────┼───┘◀──────────┘
                     ▼
                 cancelled
"""

from catalog.lifecycle import Machine, Transition

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = (
    "queued",
    "running",
    "succeeded",
    "failed",
    "cancelled",
)

JOB = Machine(
    "job",
    {
        "start": Transition(frozenset({QUEUED, RUNNING}), RUNNING),
        "succeed": Transition(frozenset({RUNNING}), SUCCEEDED),
        "fail": Transition(frozenset({RUNNING}), FAILED),
        "retry": Transition(frozenset({RUNNING}), QUEUED),
        "cancel": Transition(frozenset({QUEUED}), CANCELLED),
        "run_again": Transition(frozenset({FAILED}), QUEUED),
    },
)
