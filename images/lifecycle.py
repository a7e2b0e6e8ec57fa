"""States of an image, with Glance's names.

::

    queued ──upload──▶ saving ──activate──▶ active ──deactivate──▶ deactivated
      ▲ ▲                │                    ▲  └──◀──reactivate──────┘
      │ └──fail_upload───┘                    │
    every live state ──delete──▶ deleted

`uploading`, `importing` and `pending_delete` join with import and delayed deletion.
"""

from catalog.lifecycle import Machine, Transition

QUEUED, SAVING, ACTIVE, DEACTIVATED, DELETED = (
    "queued",
    "saving",
    "active",
    "deactivated",
    "deleted",
)

IMAGE = Machine(
    "image",
    {
        "upload": Transition(frozenset({QUEUED}), SAVING),
        "activate": Transition(frozenset({SAVING}), ACTIVE),
        "fail_upload": Transition(frozenset({SAVING}), QUEUED),
        "deactivate": Transition(frozenset({ACTIVE}), DEACTIVATED),
        "reactivate": Transition(frozenset({DEACTIVATED}), ACTIVE),
        "delete": Transition(frozenset({QUEUED, SAVING, ACTIVE, DEACTIVATED}), DELETED),
    },
)

STATUSES = (
    "queued",
    "saving",
    "active",
    "killed",
    "deleted",
    "uploading",
    "importing",
    "pending_delete",
    "deactivated",
)
