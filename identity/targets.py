"""Where a role counts."""

from typing import TypedDict


class Target(TypedDict, total=False):
    """Exactly one of these; `system` is True."""

    project_id: str
    domain_id: str
    system: bool
