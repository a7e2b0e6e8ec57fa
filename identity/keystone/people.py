"""People at the pages: signed in by Keystone's password, acting with what Keystone lets them do now.

The session keeps an unscoped token, sealed. Everything else is asked with it, and remembered by the process for
`keystone.cache_seconds`: the projects, the roles on the one that is chosen, whether the admin opens. So rights end
when Keystone says so, and the session ends with its token.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from catalog.actors import Actor
from catalog.conf import section
from identity.conf import IdentityConfig
from identity.keystone.answers import Part
from identity.keystone.authentication import validate
from identity.keystone.cache import Memory
from identity.keystone.conf import KeystoneConfig
from identity.keystone.connection import Refused, connection
from identity.keystone.tokens import digest
from identity.models import DEFAULT_DOMAIN, Project

UNSCOPED = "unscoped"
SYSTEM = {"system": {"all": True}}
ADMIN = "admin"
T = TypeVar("T")

_projects: Memory[list[Project]] = Memory(lambda: section(KeystoneConfig).cache_size)
_actors: Memory[tuple[Actor | None]] = Memory(lambda: section(KeystoneConfig).cache_size)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a valid unscoped token; `user_id` and `name` are Keystone's."""

    token: str
    user_id: str
    name: str

    def projects(self) -> list[Project]:
        """Where the person has a role, by name; rows that are not stored anywhere."""
        found = _remembered(_projects, digest(self.token), lambda: _ask_projects(self.token))
        return list(found)

    def actor_on(self, project_id: str) -> Actor | None:
        """The person acting on a project; None without a role there."""
        return self._scoped(project_id, {"project": {"id": project_id}})

    def staff_actor(self) -> Actor | None:
        """The person as administrator of the administrators' project or of the system; None without that right."""
        name = section(IdentityConfig).admin_project
        for project in self.projects():
            if project.name == name and project.domain_id == DEFAULT_DOMAIN:
                actor = self.actor_on(project.pk)
                if actor is not None and ADMIN in actor.roles:
                    return actor
        actor = self._scoped("system", SYSTEM)
        return actor if actor is not None and ADMIN in actor.roles else None

    def _scoped(self, name: str, scope: object) -> Actor | None:
        def ask() -> tuple[Actor | None]:
            proof = {"methods": ["token"], "token": {"id": self.token}}
            try:
                return (connection().issue(proof, scope)[1].actor,)
            except Refused:
                return (None,)

        return _remembered(_actors, f"{digest(self.token)}:{name}", ask)[0]


def sign_in(name: str, password: str) -> Person | None:
    r"""The person whose password this is; None when Keystone says no.

    `domain\name` names another domain than `keystone.sign_in_domain`.
    """
    domain, _, plain = name.rpartition("\\")
    user = {
        "name": plain,
        "domain": {"name": domain or section(KeystoneConfig).sign_in_domain},
        "password": password,
    }
    proof = {"methods": ["password"], "password": {"user": user}}
    try:
        token, found = connection().issue(proof, UNSCOPED)
    except Refused:
        return None
    return Person(token, str(found.actor.user_id), name if domain else plain)


def person(token: str) -> Person | None:
    """Who holds the token now; None when it has ended, was revoked, or its user was disabled."""
    found = validate(token)
    if found is None or found.actor.user_id is None:
        return None
    return Person(token, found.actor.user_id, found.actor.user_name)


def forget() -> None:
    """Ask Keystone anew about everybody."""
    _projects.clear()
    _actors.clear()


def _ask_projects(token: str) -> list[Project]:
    try:
        return connection().as_bearer("/auth/projects", _read_projects, token)
    except Refused:
        return []


def _read_projects(document: Part) -> list[Project]:
    rows = (
        Project(
            id=one.member("id").identifier(),
            name=one.member("name").text(),
            domain_id=one.member("domain_id").nullable(Part.identifier),
        )
        for one in document.member("projects").items()
        if one.optional("enabled", Part.flag, True)
    )
    return sorted(rows, key=lambda row: (row.name, row.pk))


def _remembered(memory: Memory[T], key: str, ask: Callable[[], T]) -> T:
    found = memory.get(key)
    if found is None:
        found = ask()
        memory.put(key, found, section(KeystoneConfig).cache_seconds)
    return found
