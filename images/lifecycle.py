"""States of an image, with Glance's names.

::

    queued ──upload──▶ saving ──activate──▶ active ──deactivate──▶ deactivated
     ▲ ▲ │               │                   ▲ ▲ └──◀──reactivate──────┘
     │ └─┼─fail_upload───┘                   │ │
     │   ├──locate───────────────────────────┘ │
     │   └──import──▶ importing ──complete_import
     └──fail_import──────┘
    every live state ──delete──▶ deleted

`locate` gives an image its data by an address; `import` does so once the data there was read and found right.
`uploading` and `pending_delete` join with staging and delayed deletion.
"""

from catalog.lifecycle import Machine, Transition

QUEUED, SAVING, IMPORTING, ACTIVE, DEACTIVATED, DELETED = (
    "queued",
    "saving",
    "importing",
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
        "locate": Transition(frozenset({QUEUED}), ACTIVE),
        "import": Transition(frozenset({QUEUED}), IMPORTING),
        "complete_import": Transition(frozenset({IMPORTING}), ACTIVE),
        "fail_import": Transition(frozenset({IMPORTING}), QUEUED),
        "deactivate": Transition(frozenset({ACTIVE}), DEACTIVATED),
        "reactivate": Transition(frozenset({DEACTIVATED}), ACTIVE),
        "delete": Transition(frozenset({QUEUED, SAVING, IMPORTING, ACTIVE, DEACTIVATED}), DELETED),
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
