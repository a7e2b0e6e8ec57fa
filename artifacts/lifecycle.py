"""States of artifacts of the plain kind; images have a table of their own (`images.lifecycle`).

::

    drafted ──activate──▶ active ──deactivate──▶ deactivated
       │                    │  ◀──reactivate────────┘ │
       └──────delete────────┴──────────delete─────────┘──▶ deleted
"""

from catalog.lifecycle import Machine, Transition

DRAFTED, ACTIVE, DEACTIVATED, DELETED = "drafted", "active", "deactivated", "deleted"

ARTIFACT = Machine(
    "artifact",
    {
        "activate": Transition(frozenset({DRAFTED}), ACTIVE),
        "deactivate": Transition(frozenset({ACTIVE}), DEACTIVATED),
        "reactivate": Transition(frozenset({DEACTIVATED}), ACTIVE),
        "delete": Transition(frozenset({DRAFTED, ACTIVE, DEACTIVATED}), DELETED),
    },
)
