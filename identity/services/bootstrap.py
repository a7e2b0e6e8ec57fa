"""The first rows: a domain, the usual roles, and an administrator."""

import secrets
from dataclasses import dataclass, replace

from django.db import transaction

from catalog.actors import Actor, system_actor
from catalog.clock import now
from catalog.conf import section
from catalog.events.recording import record
from catalog.models import Event
from identity.conf import IdentityConfig
from identity.models import DEFAULT_DOMAIN, Domain, Project, Role, RoleImplication, User
from identity.services.assignments import assign
from identity.services.projects import create_project, update_project
from identity.services.roles import create_role, imply
from identity.services.users import create_user, set_password, update_user

ROLES = ("admin", "manager", "member", "reader", "service")
IMPLIED = (("admin", "manager"), ("manager", "member"), ("member", "reader"))
ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapResult:
    """What is there now; `password` is set only when one was made, and is kept nowhere else."""

    user_id: str
    project_id: str
    changed: bool
    password: str | None


def bootstrap(password: str | None = None) -> BootstrapResult:
    """See to it that the administrator can sign in; a second run changes nothing.

    A `password` that differs from the user's replaces it. Without one, a new user gets a strong one.
    What the administrator needs and somebody removed (its roles, the project being enabled) comes back.
    """
    start, run = now(), f"bootstrap-{secrets.token_hex(8)}"
    actor = replace(system_actor("bootstrap"), request_id=run)
    with transaction.atomic():
        role_ids = ensure_defaults(actor)
        project = _project(actor)
        user, made = _user(password, project, actor)
        assign(user.pk, role_ids[ADMIN], project_id=project.pk, actor=actor)
        assign(user.pk, role_ids[ADMIN], system=True, actor=actor)
        changed = Event.objects.filter(created_at__gte=start, request_id=run).exists()
    return BootstrapResult(user_id=user.pk, project_id=project.pk, changed=changed, password=made)


def ensure_defaults(actor: Actor) -> dict[str, str]:
    """The domain Default and the usual roles, as name → id; implications only when there is none at all."""
    names = {"name": "Default", "description": "The default domain"}
    if Domain.objects.get_or_create(pk=DEFAULT_DOMAIN, defaults=names)[1]:
        record("domain.created", object_type="domain", object_id=DEFAULT_DOMAIN, actor=actor)
    known = dict(Role.objects.filter(name__in=ROLES).values_list("name", "pk"))
    for name in ROLES:
        if name not in known:
            known[name] = create_role(name=name, actor=actor).pk
    if not RoleImplication.objects.exists():
        for prior, implied in IMPLIED:
            imply(known[prior], known[implied], actor=actor)
    return known


def _project(actor: Actor) -> Project:
    name = section(IdentityConfig).admin_project
    project = Project.objects.filter(domain=DEFAULT_DOMAIN, name=name).first()
    if project is None:
        text = "Project of the administrators"
        return create_project(name=name, description=text, actor=actor)
    return update_project(project.pk, enabled=True, actor=actor)


def _user(password: str | None, project: Project, actor: Actor) -> tuple[User, str | None]:
    user = User.objects.filter(domain=DEFAULT_DOMAIN, name=ADMIN).first()
    if user is None:
        made = None if password else secrets.token_urlsafe(18)
        user = create_user(
            name=ADMIN, password=password or made, default_project_id=project.pk, actor=actor
        )
        return user, made
    if password and not user.check_password(password):
        set_password(user.pk, password, actor=actor)
    return update_user(user.pk, enabled=True, actor=actor), None
