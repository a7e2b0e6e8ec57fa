"""Rows and values as Identity v3 shows them; `api` is the address of `/identity/v3`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from identity import service_catalog
from identity.facts import Named, TokenFacts
from identity.models import (
    ApplicationCredential,
    Domain,
    Endpoint,
    Project,
    Region,
    Role,
    Service,
    User,
)
from identity.selectors import tags_of

Document = dict[str, Any]


def time(moment: datetime) -> str:
    """Microseconds and `Z`, as Keystone's clients parse it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def token(facts: TokenFacts, *, catalog: list[Document] | None) -> Document:
    shown: Document = {
        "methods": list(facts.methods),
        "user": {
            "id": facts.user.id,
            "name": facts.user.name,
            "domain": _named(facts.user_domain),
            "password_expires_at": None,
        },
        "audit_ids": list(facts.audit_ids),
        "issued_at": time(facts.issued_at),
        "expires_at": time(facts.expires_at),
    }
    if facts.delegation:
        shown["application_credential"] = {
            "id": facts.delegation.id,
            "name": facts.delegation.name,
            "restricted": not facts.delegation.unrestricted,
        }
    if facts.scoped:
        shown["roles"] = [_named(role) for role in facts.roles]
        if catalog is not None:
            shown["catalog"] = catalog
    if facts.project and facts.scope_domain:
        shown["project"] = _named(facts.project) | {"domain": _named(facts.scope_domain)}
        shown["is_domain"] = False
    elif facts.scope_domain:
        shown["domain"] = _named(facts.scope_domain)
    elif facts.system:
        shown["system"] = {"all": True}
    return {"token": shown}


def domain(row: Domain, api: str) -> Document:
    return {
        **row.extra,
        "id": row.pk,
        "name": row.name,
        "description": row.description,
        "enabled": row.enabled,
        "tags": [],
        "options": {},
        "links": {"self": f"{api}/domains/{row.pk}"},
    }


def project(row: Project, api: str) -> Document:
    return {
        **row.extra,
        "id": row.pk,
        "name": row.name,
        "domain_id": row.domain_id,
        "parent_id": row.parent_id or row.domain_id,
        "is_domain": False,
        "description": row.description,
        "enabled": row.enabled,
        "tags": tags_of(row),
        "options": {},
        "links": {"self": f"{api}/projects/{row.pk}"},
    }


def user(row: User, api: str) -> Document:
    return {
        **row.extra,
        "id": row.pk,
        "name": row.name,
        "domain_id": row.domain_id,
        "enabled": row.enabled,
        "email": row.email,
        "description": row.description,
        "default_project_id": row.default_project_id,
        "password_expires_at": None,
        "options": {},
        "links": {"self": f"{api}/users/{row.pk}"},
    }


def role(row: Role, api: str) -> Document:
    return {
        **row.extra,
        "id": row.pk,
        "name": row.name,
        "domain_id": None,
        "description": row.description,
        "options": {},
        "links": {"self": f"{api}/roles/{row.pk}"},
    }


def credential(row: ApplicationCredential, api: str) -> Document:
    """Without the secret, which is told once, by whoever made it; the end has no `Z`, as Keystone writes it."""
    return {
        "id": row.pk,
        "name": row.name,
        "description": row.description,
        "user_id": row.user_id,
        "project_id": row.project_id,
        "roles": [
            {"id": role.pk, "name": role.name, "domain_id": None}
            for role in sorted(row.roles.all(), key=lambda role: role.name)
        ],
        "expires_at": time(row.expires_at).removesuffix("Z") if row.expires_at else None,
        "unrestricted": row.unrestricted,
        "access_rules": [],
        "system": None,
        "links": {"self": f"{api}/users/{row.user_id}/application_credentials/{row.pk}"},
    }


def inference(prior: Role, implied: Iterable[Role], api: str) -> Document:
    def brief(row: Role) -> Document:
        return {"id": row.pk, "name": row.name, "links": {"self": f"{api}/roles/{row.pk}"}}

    return {"prior_role": brief(prior), "implies": [brief(row) for row in implied]}


def service(row: Service, api: str) -> Document:
    return {
        **row.extra,
        "id": row.pk,
        "type": row.type,
        "name": row.name,
        "description": row.description,
        "enabled": row.enabled,
        "links": {"self": f"{api}/services/{row.pk}"},
    }


def endpoint(row: Endpoint, api: str, base: str) -> Document:
    return {
        **row.extra,
        "id": row.pk,
        "service_id": row.service_id,
        "interface": row.interface,
        "region": row.region_id,
        "region_id": row.region_id,
        "url": service_catalog.url_of(row, base),
        "enabled": row.enabled,
        "links": {"self": f"{api}/endpoints/{row.pk}"},
    }


def region(row: Region, api: str) -> Document:
    return {
        **row.extra,
        "id": row.pk,
        "description": row.description,
        "parent_region_id": row.parent_id,
        "links": {"self": f"{api}/regions/{quote(row.pk, safe='')}"},
    }


def version(api: str) -> Document:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{api}/"}],
        "media-types": [
            {
                "base": "application/json",
                "type": "application/vnd.openstack.identity-v3+json",
            }
        ],
    }


def _named(thing: Named) -> Document:
    return {"id": thing.id, "name": thing.name}
