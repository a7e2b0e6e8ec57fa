"""Who there is and what they may do: domains, projects, users, roles, assignments, credentials, tokens, services.

Ids are 32 hexadecimal digits as clients know them from Keystone (``default`` is the one exception). Everything is
changed through `identity.services`; text compares byte by byte, so ``Ada`` and ``ada`` are two users.
"""

from identity.models.credentials import ApplicationCredential
from identity.models.names import (
    DEFAULT_DOMAIN,
    Domain,
    Project,
    ProjectTag,
    Role,
    RoleImplication,
    new_id,
)
from identity.models.people import Assignment, AssignmentManager, User, UserManager
from identity.models.services import INTERFACES, Endpoint, Region, Service
from identity.models.traces import FailedLogin, KnownAddress, Token

__all__ = [
    "DEFAULT_DOMAIN",
    "INTERFACES",
    "ApplicationCredential",
    "Assignment",
    "AssignmentManager",
    "Domain",
    "Endpoint",
    "FailedLogin",
    "KnownAddress",
    "Project",
    "ProjectTag",
    "Region",
    "Role",
    "RoleImplication",
    "Service",
    "Token",
    "User",
    "UserManager",
    "new_id",
]
