"""Rows of identity for tests: roles, domains, projects, users; all made by the services."""

from collections.abc import Sequence
from copy import copy
from functools import lru_cache

import factory
from django.contrib.auth.hashers import make_password
from django.db import models, transaction

from catalog.actors import system_actor
from identity.hashers import Argon2Hasher
from identity.models import DEFAULT_DOMAIN, Domain, Project, Role, RoleImplication, User
from identity.services import bootstrap, domains, projects, users

PASSWORD = "correct horse battery staple"
SYSTEM = system_actor("tests")


def hashed_password() -> str:
    """Hashed once for all users of a run: hashing is slow on purpose."""
    return _hashed(Argon2Hasher.time_cost, Argon2Hasher.memory_cost)


@lru_cache
def _hashed(*_: int) -> str:
    """Once for every cost, since some tests make hashing cheap and others look at what it costs."""
    return make_password(PASSWORD)


def default_rows() -> None:
    """The domain Default and the usual roles with their implications."""
    if Role.objects.exists():
        return
    with transaction.atomic():
        for rows in _defaults():
            type(rows[0])._default_manager.bulk_create(map(copy, rows), ignore_conflicts=True)


@lru_cache(maxsize=1)
def _defaults() -> Sequence[Sequence[models.Model]]:
    """Made by the service, once for all tests of a run, and undone: fifty statements take their time."""
    with transaction.atomic():
        bootstrap.ensure_defaults(SYSTEM)
        domain = list(Domain.objects.filter(pk=DEFAULT_DOMAIN))
        roles, implications = list(Role.objects.all()), list(RoleImplication.objects.all())
        transaction.set_rollback(True)
    for one in implications:
        one.pk = None
    return domain, roles, implications


class _ServiceFactory(factory.Factory):
    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class, *args, **kwargs):  # noqa: ARG003 - factory_boy's signature
        default_rows()
        return cls.make(**kwargs)


class DomainFactory(_ServiceFactory):
    class Meta:
        model = Domain

    name = factory.Sequence(lambda n: f"domain-{n}")

    @staticmethod
    def make(**kwargs) -> Domain:
        return domains.create_domain(actor=SYSTEM, **kwargs)


class ProjectFactory(_ServiceFactory):
    class Meta:
        model = Project

    name = factory.Sequence(lambda n: f"project-{n}")

    @staticmethod
    def make(**kwargs) -> Project:
        return projects.create_project(actor=SYSTEM, **kwargs)


class UserFactory(_ServiceFactory):
    """A user whose password is PASSWORD."""

    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"user-{n}")

    @staticmethod
    def make(**kwargs) -> User:
        user = users.create_user(actor=SYSTEM, **kwargs)
        user.password = hashed_password()
        user.save(update_fields=["password"])
        return user
