"""Who acts: every service and selector takes an `Actor`, never a request."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A caller: ids are opaque strings, since Keystone may own them; roles are lower case.

    `service_roles` are those of the service that forwards a user's request (`X-Service-Token`).
    `system` says that the roles count on the whole system, not on a project; `delegated` that a program acts, which
    may not make itself further ways in.
    """

    user_id: str | None = None
    project_id: str | None = None
    roles: frozenset[str] = frozenset()
    service_roles: frozenset[str] = frozenset()
    is_admin: bool = False
    user_name: str = ""
    project_name: str = ""
    domain_id: str | None = None
    request_id: str = ""
    audit_ids: tuple[str, ...] = field(default=())
    system: bool = False
    delegated: bool = False

    def credentials(self) -> dict[str, Any]:
        """The caller as oslo.policy rules read it."""
        return {
            "user_id": self.user_id,
            "project_id": self.project_id,
            "tenant": self.project_id,
            "roles": sorted(self.roles),
            "service_roles": sorted(self.service_roles),
            "is_admin": self.is_admin,
            "domain_id": self.domain_id,
            "system_scope": "all" if self.system else None,
        }


ANONYMOUS = Actor()


def system_actor(reason: str) -> Actor:
    """The service itself, acting for `reason` (a job, a command): it may do everything."""
    return Actor(
        user_id="system",
        user_name=f"system:{reason}",
        roles=frozenset({"admin"}),
        is_admin=True,
    )
