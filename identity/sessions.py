"""Who acts when somebody is signed in by a session instead of a token: the pages and the admin."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from catalog import requestids
from catalog.actors import ANONYMOUS, Actor
from catalog.conf import section
from identity.authentication import as_admin
from identity.conf import IdentityConfig
from identity.errors import ProjectNotFound
from identity.models import DEFAULT_DOMAIN, Project, User
from identity.policies import allows
from identity.selectors import projects_of, role_names_on

KEY = "project_id"
BEHIND = "identity_behind"


@dataclass(frozen=True, slots=True)
class Behind:
    """What another identity than the built-in one knows about who is signed in; kept at the request."""

    projects: Callable[[], list[Project]]
    actor_on: Callable[[str], Actor | None]
    staff_actor: Actor | None


def user_of(request: HttpRequest) -> User | None:
    """The user who is signed in and may still be."""
    user = getattr(request, "user", None)
    if user is None or isinstance(user, AnonymousUser) or not user.is_active:
        return None
    return user if isinstance(user, User) else None


def actor_of(request: HttpRequest, project_id: str | None = None) -> Actor:
    """The Actor for the user signed in by Django's session; ANONYMOUS for nobody.

    Works on `project_id`, else on the project kept in the session, else on the default project, else on the first
    by name; without any it has no project and no roles. ProjectNotFound for a `project_id` on which the user has
    no role; a kept one is passed over then.
    """
    user = user_of(request)
    if user is None:
        return replace(ANONYMOUS, request_id=requestids.current.get())
    project = _choose(projects_in(request), request, user, project_id)
    return _actor(request, user, project)


def projects_in(request: HttpRequest) -> list[Project]:
    """The projects on which who is signed in may act, by name."""
    behind: Behind | None = getattr(request, BEHIND, None)
    if behind is not None:
        return behind.projects()
    user = user_of(request)
    return list(projects_of(user.pk)) if user is not None else []


def project_names(request: HttpRequest, actor: Actor, ids: Iterable[str]) -> dict[str, str]:
    """The names of those of these projects that who is signed in may know: the own ones, and what it may read."""
    wanted = set(ids)
    found = {one.pk: one.name for one in projects_in(request) if one.pk in wanted}
    others = [one for one in wanted - found.keys() if allows(actor, "get_project", project=one)]
    if others:
        found |= dict(Project.objects.filter(pk__in=others).values_list("pk", "name"))
    return found


def choose_project(request: HttpRequest, project_id: str) -> Actor:
    """Keep the project in the session for the following requests; ProjectNotFound as `actor_of`."""
    actor = actor_of(request, project_id)
    request.session[KEY] = project_id
    return actor


def staff_actor_of(request: HttpRequest) -> Actor:
    """The Actor for the admin pages: on the administrators' project, else as administrator of the system."""
    user = user_of(request)
    if user is None or not user.is_staff:
        return replace(ANONYMOUS, request_id=requestids.current.get())
    behind: Behind | None = getattr(request, BEHIND, None)
    if behind is not None and behind.staff_actor is not None:
        return replace(behind.staff_actor, request_id=requestids.current.get())
    name = section(IdentityConfig).admin_project
    project = projects_of(user.pk).filter(name=name, domain=DEFAULT_DOMAIN).first()
    actor = _actor(request, user, project)
    return as_admin(replace(actor, roles=actor.roles | {"admin"}))


def _choose(
    projects: list[Project], request: HttpRequest, user: User, wanted: str | None
) -> Project | None:
    by_id = {project.pk: project for project in projects}
    if wanted is not None:
        if wanted not in by_id:
            raise ProjectNotFound(f"Could not find project: {wanted}.", id=wanted)
        return by_id[wanted]
    kept = request.session.get(KEY) if hasattr(request, "session") else None
    for candidate in (kept, user.default_project_id):
        if candidate in by_id:
            return by_id[candidate]
    return projects[0] if projects else None


def _actor(request: HttpRequest, user: User, project: Project | None) -> Actor:
    behind: Behind | None = getattr(request, BEHIND, None)
    found = behind.actor_on(project.pk) if behind is not None and project is not None else None
    if found is not None:
        return replace(found, request_id=requestids.current.get())
    roles = role_names_on(user.pk, project.pk) if project else frozenset()
    return as_admin(
        Actor(
            user_id=user.pk,
            user_name=user.name,
            project_id=project.pk if project else None,
            project_name=project.name if project else "",
            roles=frozenset(role.lower() for role in roles),
            request_id=requestids.current.get(),
        )
    )
