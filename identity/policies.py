"""Who may do what, as oslo.policy rules with Keystone's names; an operator's `policy.yaml` may override them."""

from collections.abc import Iterable, Mapping
from typing import Any

from oslo_policy import policy as oslo

from catalog import policy
from catalog.actors import Actor
from identity.errors import ActionForbidden, TokenRefused

ADMIN = "rule:admin_required"
OWNER = f"{ADMIN} or user_id:%(target.user.id)s"
READER = f"{ADMIN} or (role:reader and system_scope:all)"
"""Who reads all of identity: a token for the system is enough, and changes nothing without the role admin."""
OWNER_OR_READER = f"{READER} or user_id:%(target.user.id)s"
ANYONE = "@"


def _same(check: str, *names: str) -> Iterable[oslo.RuleDefault]:
    return (oslo.RuleDefault(f"identity:{name}", check) for name in names)


def _managed(noun: str, plural: str) -> Iterable[oslo.RuleDefault]:
    yield from _same(ADMIN, *(f"{v}_{noun}" for v in ("create", "update", "delete")))
    yield from _same(READER, f"list_{plural}")


DEFAULTS: tuple[oslo.RuleDefault, ...] = (
    oslo.RuleDefault("admin_required", "role:admin"),
    oslo.RuleDefault("context_is_admin", "role:admin"),
    *_managed("domain", "domains"),
    *_managed("project", "projects"),
    *_managed("user", "users"),
    *_managed("role", "roles"),
    *_same(READER, "get_role", "check_grant", "list_grants"),
    *_same(ADMIN, "create_grant", "revoke_grant"),
    *_same(ADMIN, "create_implied_role", "delete_implied_role"),
    *_same(READER, "get_implied_role", "check_implied_role", "list_implied_roles"),
    *_same(READER, "list_role_inference_rules"),
    *_managed("service", "services"),
    *_managed("endpoint", "endpoints"),
    *_same(READER, "get_service", "get_endpoint"),
    *_same(ADMIN, "create_region", "update_region", "delete_region"),
    *_same(ANYONE, "list_regions", "get_region"),
    *_same(
        f"{READER} or domain_id:%(target.domain.id)s or project_id:%(target.project.id)s",
        "get_domain",
    ),
    *_same(
        f"{READER} or project_id:%(target.project.id)s",
        *("get_project", "list_project_tags", "get_project_tag"),
    ),
    *_same(ADMIN, "update_project_tags", "create_project_tag", "delete_project_tags"),
    *_same(ADMIN, "delete_project_tag"),
    *_same(OWNER_OR_READER, "get_user", "list_user_projects", "list_role_assignments"),
    *_same(OWNER, "revoke_token", "delete_application_credential"),
    *_same("user_id:%(target.user.id)s", "create_application_credential"),
    *_same(
        OWNER_OR_READER,
        *("list_application_credentials", "get_application_credential"),
        *("list_access_rules", "get_access_rule"),
    ),
    *_same(f"{OWNER_OR_READER} or role:service", "validate_token", "check_token"),
    *_same(ANYONE, "get_auth_catalog", "get_auth_projects", "get_auth_domains", "get_auth_system"),
)


def allows(actor: Actor, rule: str, **target: str | None) -> bool:
    """Whether `identity:<rule>` holds; `target` names ids: ``user``, ``project``, ``domain``."""
    if actor.user_id is None:
        return False
    return policy.enforce(actor, f"identity:{rule}", _target(target))


def require(actor: Actor, rule: str, **target: str | None) -> None:
    """ActionForbidden unless `identity:<rule>` holds; TokenRefused for nobody.

    It is asked before a row is looked for, so that a caller without the right learns nothing of what exists.
    """
    if actor.user_id is None:
        raise TokenRefused("The request you have made requires authentication.")
    if not allows(actor, rule, **target):
        raise ActionForbidden(
            f"You are not authorized to perform the requested action: identity:{rule}.",
            rule=f"identity:{rule}",
        )


def _target(ids: Mapping[str, str | None]) -> dict[str, Any]:
    """Keys as Keystone's rules name them; an absent id is a text no caller has as an id."""
    return {f"target.{noun}.id": value or "-" for noun, value in ids.items()}
