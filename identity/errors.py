"""What identity refuses, each with its own code.

::

    Unauthenticated
    ├── TokenRefused           no token, or one that is wrong, ended or revoked
    └── SignInFailed           user, password or scope do not fit; it never says which
    TooManyAttempts
    └── SignInSlowed           wrong passwords before; `retry_after` says how many seconds to wait
        └── SignInsCrowded     strangers try so many passwords that this one has to wait
    NotFound
    ├── DomainNotFound, ProjectNotFound, UserNotFound, RoleNotFound
    ├── AssignmentNotFound, ImplicationNotFound, CredentialNotFound
    ├── ServiceNotFound, EndpointNotFound, RegionNotFound, TagNotFound
    └── TokenNotFound
    Duplicate
    └── NameTaken              the name is in use, in its domain or by its user
    Invalid
    └── CredentialInvalid      roles that the caller has not, an end in the past
    Forbidden
    ├── ActionForbidden        the policy says no
    ├── TooManyCredentials     the user has as many application credentials as a user may have
    ├── DelegationForbidden    who acts by an application credential may not make or end such
    └── StillInUse             something depends on it, or it must be disabled first
    Gone
    └── IdentityElsewhere      Keystone keeps users, projects and tokens; `url` says where
    Unavailable
    └── KeystoneUnavailable    Keystone does not answer, or refuses this service itself
    Conflict
    └── ImplicationCircle      roles would imply each other
"""

from catalog.errors import (
    Conflict,
    Duplicate,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    TooManyAttempts,
    Unauthenticated,
    Unavailable,
)


class ActionForbidden(Forbidden):
    code = "action_forbidden"


class TokenRefused(Unauthenticated):
    code = "token_refused"


class SignInFailed(Unauthenticated):
    code = "sign_in_failed"


class SignInSlowed(TooManyAttempts):
    code = "sign_in_slowed"


class SignInsCrowded(SignInSlowed):
    code = "sign_ins_crowded"


class DomainNotFound(NotFound):
    code = "domain_not_found"


class ProjectNotFound(NotFound):
    code = "project_not_found"


class UserNotFound(NotFound):
    code = "user_not_found"


class RoleNotFound(NotFound):
    code = "role_not_found"


class AssignmentNotFound(NotFound):
    code = "assignment_not_found"


class ImplicationNotFound(NotFound):
    code = "implication_not_found"


class TokenNotFound(NotFound):
    code = "token_not_found"


class ServiceNotFound(NotFound):
    code = "service_not_found"


class EndpointNotFound(NotFound):
    code = "endpoint_not_found"


class RegionNotFound(NotFound):
    code = "region_not_found"


class TagNotFound(NotFound):
    code = "project_tag_not_found"


class CredentialNotFound(NotFound):
    code = "application_credential_not_found"


class DelegationForbidden(Forbidden):
    code = "delegation_forbidden"


class TooManyCredentials(Forbidden):
    code = "too_many_application_credentials"


class CredentialInvalid(Invalid):
    code = "application_credential_invalid"


class NameTaken(Duplicate):
    code = "name_taken"


class StillInUse(Forbidden):
    code = "still_in_use"


class ImplicationCircle(Conflict):
    code = "implication_circle"


class KeystoneUnavailable(Unavailable):
    code = "keystone_unavailable"


class IdentityElsewhere(Gone):
    code = "identity_elsewhere"
