"""Reading identity's rows.

``<noun>_for(actor, id)`` and ``<nouns>_for(actor, …)`` are the doors for callers: the policy is asked first, so
somebody without the right gets the same answer whether the row is there or not. ``existing_<noun>`` serves
services that asked it themselves.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from catalog.actors import Actor
from catalog.errors import NotFound
from identity import service_catalog
from identity.errors import (
    ActionForbidden,
    CredentialNotFound,
    DomainNotFound,
    EndpointNotFound,
    ImplicationNotFound,
    ProjectNotFound,
    RegionNotFound,
    RoleNotFound,
    ServiceNotFound,
    TokenNotFound,
    UserNotFound,
)
from identity.facts import TokenFacts, facts_of
from identity.models import (
    ApplicationCredential,
    Assignment,
    Domain,
    Endpoint,
    Project,
    Region,
    Role,
    RoleImplication,
    Service,
    User,
)
from identity.policies import require
from identity.tokens import digest

M = TypeVar("M", bound=Model)


def existing_domain(domain_id: str) -> Domain:
    return _one(Domain.objects.all(), domain_id, DomainNotFound, "domain")


def existing_project(project_id: str, *, among: QuerySet[Project] | None = None) -> Project:
    rows = Project.objects.all() if among is None else among
    return _one(rows, project_id, ProjectNotFound, "project")


def existing_role(role_id: str) -> Role:
    return _one(Role.objects.all(), role_id, RoleNotFound, "role")


def existing_user(user_id: str, *, among: QuerySet[User] | None = None) -> User:
    rows = User.objects.all() if among is None else among
    return _one(rows, user_id, UserNotFound, "user")


def domain_for(actor: Actor, domain_id: str) -> Domain:
    """Its own domain is shown to a caller whose token is for it or for a project in it."""
    own = Project.objects.filter(pk=actor.project_id, domain_id=domain_id).exists()
    require(actor, "get_domain", domain=domain_id, project=actor.project_id if own else None)
    return existing_domain(domain_id)


def project_for(actor: Actor, project_id: str) -> Project:
    require(actor, "get_project", project=project_id)
    return existing_project(project_id)


def project_tags(actor: Actor, project_id: str) -> list[str]:
    require(actor, "list_project_tags", project=project_id)
    return tags_of(existing_project(project_id))


def tags_of(project: Project) -> list[str]:
    return sorted(tag.name for tag in project.tags.all())


def role_for(actor: Actor, role_id: str) -> Role:
    require(actor, "get_role")
    return existing_role(role_id)


def user_for(actor: Actor, user_id: str) -> User:
    require(actor, "get_user", user=user_id)
    return existing_user(user_id)


def domains_for(actor: Actor) -> QuerySet[Domain]:
    require(actor, "list_domains")
    return Domain.objects.all()


def projects_for(actor: Actor) -> QuerySet[Project]:
    require(actor, "list_projects")
    return Project.objects.prefetch_related("tags")


def roles_for(actor: Actor) -> QuerySet[Role]:
    require(actor, "list_roles")
    return Role.objects.all()


def users_for(actor: Actor) -> QuerySet[User]:
    require(actor, "list_users")
    return User.objects.all()


def projects_of(user_id: str) -> QuerySet[Project]:
    """The enabled projects on which the user has any role."""
    return Project.objects.filter(
        pk__in=Assignment.objects.filter(user_id=user_id).values("project_id"),
        enabled=True,
        domain__enabled=True,
    ).order_by("name", "id")


def domains_of(user_id: str) -> QuerySet[Domain]:
    """The enabled domains on which the user has any role."""
    return Domain.objects.filter(
        pk__in=Assignment.objects.filter(user_id=user_id).values("domain_id"), enabled=True
    ).order_by("name", "id")


def projects_of_user(actor: Actor, user_id: str) -> QuerySet[Project]:
    require(actor, "list_user_projects", user=user_id)
    existing_user(user_id)
    return projects_of(user_id).prefetch_related("tags")


def own_projects(actor: Actor) -> QuerySet[Project]:
    """What the caller's user may be scoped to."""
    require(actor, "get_auth_projects")
    return projects_of(str(actor.user_id)).prefetch_related("tags")


def own_domains(actor: Actor) -> QuerySet[Domain]:
    require(actor, "get_auth_domains")
    return domains_of(str(actor.user_id))


def has_system_role(actor: Actor) -> bool:
    require(actor, "get_auth_system")
    return Assignment.objects.filter(user_id=actor.user_id, system=True).exists()


def catalog_for(actor: Actor, base: str) -> list[dict[str, Any]]:
    """The service catalog; ActionForbidden for a token without scope."""
    require(actor, "get_auth_catalog")
    if not actor.roles:
        raise ActionForbidden("A scoped token is required to produce a service catalog.")
    return service_catalog.catalog(base, project_id=actor.project_id, user_id=actor.user_id)


def regions_for(actor: Actor) -> list[Region]:
    require(actor, "list_regions")
    return list(service_catalog.regions().values())


def region_for(actor: Actor, region_id: str) -> Region:
    require(actor, "get_region")
    return _among(service_catalog.regions(), region_id, RegionNotFound, "region")


def services_for(actor: Actor) -> list[Service]:
    require(actor, "list_services")
    return list(service_catalog.services().values())


def service_for(actor: Actor, service_id: str) -> Service:
    require(actor, "get_service")
    return _among(service_catalog.services(), service_id, ServiceNotFound, "service")


def endpoints_for(actor: Actor) -> list[Endpoint]:
    require(actor, "list_endpoints")
    return list(service_catalog.endpoints_of(service_catalog.services()).values())


def endpoint_for(actor: Actor, endpoint_id: str) -> Endpoint:
    require(actor, "get_endpoint")
    known = service_catalog.endpoints_of(service_catalog.services())
    return _among(known, endpoint_id, EndpointNotFound, "endpoint")


def token_for(actor: Actor, token: str) -> TokenFacts:
    """What a token stands for; TokenNotFound when it is not valid, whoever asks: such a token tells nothing."""
    facts = facts_of(digest(token))
    if facts is None:
        raise TokenNotFound("Could not find token.")
    require(actor, "validate_token", user=facts.user.id)
    return facts


def credentials_for(actor: Actor, user_id: str) -> QuerySet[ApplicationCredential]:
    """The application credentials of a user, with their roles."""
    require(actor, "list_application_credentials", user=user_id)
    existing_user(user_id)
    return ApplicationCredential.objects.filter(user_id=user_id).prefetch_related("roles")


def credential_for(actor: Actor, user_id: str, credential_id: str) -> ApplicationCredential:
    require(actor, "get_application_credential", user=user_id)
    return existing_credential(user_id, credential_id)


def existing_credential(user_id: str, credential_id: str) -> ApplicationCredential:
    rows = ApplicationCredential.objects.filter(user_id=user_id)
    return _one(rows, credential_id, CredentialNotFound, "application credential")


def implied_by(actor: Actor, prior_id: str) -> tuple[Role, list[Role]]:
    """A role and those that it implies directly."""
    require(actor, "list_implied_roles")
    prior = existing_role(prior_id)
    return prior, list(Role.objects.filter(implied_by__prior=prior).order_by("name"))


def implication_for(actor: Actor, prior_id: str, implied_id: str) -> tuple[Role, Role]:
    """Both roles of an implication, or ImplicationNotFound."""
    require(actor, "get_implied_role")
    rows = RoleImplication.objects.select_related("prior", "implied")
    row = rows.filter(prior=prior_id, implied=implied_id).first()
    if row is None:
        raise ImplicationNotFound(f"The role {prior_id} does not imply {implied_id}.")
    return row.prior, row.implied


def inferences_for(actor: Actor) -> list[tuple[Role, list[Role]]]:
    """Every role that implies others, with those."""
    require(actor, "list_role_inference_rules")
    rows = RoleImplication.objects.select_related("prior", "implied")
    found: dict[str, tuple[Role, list[Role]]] = {}
    for row in rows.order_by("prior__name", "implied__name"):
        found.setdefault(row.prior_id, (row.prior, []))[1].append(row.implied)
    return list(found.values())


def implications() -> dict[str, set[str]]:
    """Role id → ids of the roles it implies directly."""
    found: dict[str, set[str]] = {}
    for prior, implied in RoleImplication.objects.values_list("prior_id", "implied_id"):
        found.setdefault(prior, set()).add(implied)
    return found


def with_implied(role_ids: Iterable[str], graph: Mapping[str, set[str]]) -> set[str]:
    """The roles with all that they imply."""
    found: set[str] = set()
    waiting = list(role_ids)
    while waiting:
        role_id = waiting.pop()
        if role_id not in found:
            found.add(role_id)
            waiting.extend(graph.get(role_id, ()))
    return found


def role_names_on(user_id: str, project_id: str) -> frozenset[str]:
    """Names of the roles, implied ones too, that the user has on the project."""
    return frozenset(roles_held(user_id, project_id).values_list("name", flat=True))


def roles_held(user_id: str, project_id: str) -> QuerySet[Role]:
    """The roles, implied ones too, that the user has on the project."""
    held = Assignment.objects.filter(user_id=user_id, project_id=project_id)
    ids = with_implied(held.values_list("role_id", flat=True), implications())
    return Role.objects.filter(pk__in=ids).order_by("name")


def _among(known: Mapping[str, M], key: str, missing: type[NotFound], noun: str) -> M:
    if key not in known:
        raise missing(f"Could not find {noun}: {key}.", id=key)
    return known[key]


def _one(rows: QuerySet[M], key: str, missing: type[NotFound], noun: str) -> M:
    row = rows.filter(pk=key).first()
    if row is None:
        raise missing(f"Could not find {noun}: {key}.", id=key)
    return row
