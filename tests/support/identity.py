"""Users, projects, tokens and actors for the tests of every app; they need the database (`django_db`).

::

    ours, theirs = make_project("ours"), make_project("theirs")
    ada = make_user("ada", ours, ["member"])
    client.get("/image/v2/images", headers=headers_for(ada, ours))
    images_visible_to(actor_for(ada, ours))
"""

from collections.abc import Iterator, Sequence

import pytest

from catalog.actors import Actor
from identity.authentication import actor_for as actor_of_facts
from identity.caching import actors
from identity.facts import TokenFacts
from identity.models import Project, Role, User
from identity.services.assignments import assign
from identity.services.issuing import ProjectScope, Unscoped, issue
from tests.identity.factories import SYSTEM, ProjectFactory, UserFactory, default_rows

__all__ = [
    "actor_for",
    "admin_actor",
    "forget_tokens",
    "give_role",
    "headers_for",
    "make_admin",
    "make_project",
    "make_user",
    "member_actor",
    "other_member_actor",
    "reader_actor",
    "role",
    "token_for",
]


def make_project(name: str, **values) -> Project:
    """A project of the domain Default."""
    return ProjectFactory(name=name, **values)


def make_user(
    name: str, project: Project | None = None, roles: Sequence[str] = ("member",), **values
) -> User:
    """A user with `roles` on `project`, which is its default project; the password is factories.PASSWORD."""
    default = project.pk if project else None
    user = UserFactory(name=name, **{"default_project_id": default, **values})
    if project is not None:
        for one in roles:
            give_role(user, one, project)
    return user


def make_admin() -> tuple[User, Project]:
    """The administrator on the administrators' project; the admin pages open for it."""
    project = Project.objects.filter(name="admin").first() or make_project("admin")
    user = User.objects.filter(name="admin").first() or make_user("admin", project, ["admin"])
    return user, project


def give_role(user: User, name: str, project: Project) -> None:
    assign(user.pk, role(name).pk, project_id=project.pk, actor=SYSTEM)


def role(name: str) -> Role:
    default_rows()
    return Role.objects.get_or_create(name=name)[0]


def token_for(user: User, project: Project | None = None) -> str:
    """A token scoped to `project`, or unscoped."""
    return _issued(user, project)[0]


def headers_for(user: User, project: Project | None = None) -> dict[str, str]:
    return {"X-Auth-Token": token_for(user, project)}


def actor_for(user: User, project: Project | None = None) -> Actor:
    """The Actor that a token for `user` on `project` gives."""
    return actor_of_facts(_issued(user, project)[1])


def _issued(user: User, project: Project | None) -> tuple[str, TokenFacts]:
    scope = ProjectScope(id=project.pk) if project else Unscoped()
    return issue(User.objects.get(pk=user.pk), scope, methods=("password",))


@pytest.fixture(autouse=True)
def forget_tokens() -> Iterator[None]:
    """The process remembers no token of another test."""
    actors.clear()
    yield
    actors.clear()


def _actor(name: str, project_name: str, roles: Sequence[str]) -> Actor:
    project = Project.objects.filter(name=project_name).first() or make_project(project_name)
    return actor_for(make_user(name, project, roles), project)


@pytest.fixture
def admin_actor(db: None) -> Actor:
    return actor_for(*make_admin())


@pytest.fixture
def member_actor(db: None) -> Actor:
    """A member of the project `ours`."""
    return _actor("member", "ours", ["member"])


@pytest.fixture
def reader_actor(db: None) -> Actor:
    """A reader of the project `ours`."""
    return _actor("reader", "ours", ["reader"])


@pytest.fixture
def other_member_actor(db: None) -> Actor:
    """A member of the project `theirs`."""
    return _actor("other-member", "theirs", ["member"])
