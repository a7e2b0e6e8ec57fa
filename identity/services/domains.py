"""Domains: few, and made by administrators."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from catalog.actors import Actor
from catalog.events.recording import Change, record
from identity.caching import rights_changed
from identity.errors import NameTaken, StillInUse
from identity.hierarchy import below
from identity.models import DEFAULT_DOMAIN, Domain, Project, Token, User
from identity.policies import require
from identity.selectors import existing_domain
from identity.services.changing import apply, changing, created, without_nulls
from identity.services.projects import delete_project
from identity.services.users import delete_user


class DomainDetails(TypedDict, total=False):
    description: str
    extra: Mapping[str, Any]
    enabled: bool


class DomainChanges(DomainDetails, total=False):
    name: str


def create_domain(
    *,
    name: str,
    description: str = "",
    enabled: bool = True,
    extra: Mapping[str, Any] | None = None,
    actor: Actor,
) -> Domain:
    """A new domain; NameTaken when there is one of that name."""
    require(actor, "create_domain")
    with changing(_taken(name)):
        domain = Domain.objects.create(
            name=name, description=description, enabled=enabled, extra=without_nulls(extra)
        )
        names = ("name", "description", "enabled", "extra")
        _record("created", domain, actor, created(domain, *names))
    return domain


def update_domain(domain_id: str, *, actor: Actor, **values: Unpack[DomainChanges]) -> Domain:
    """Change a domain; disabling it ends the tokens of its users and projects."""
    require(actor, "update_domain", domain=domain_id)
    with changing(_taken(values.get("name", ""))):
        domain = existing_domain(domain_id)
        changes = apply(domain, values)
        if "enabled" in changes and not domain.enabled:
            Token.objects.filter(user__domain=domain).delete()
            Token.objects.filter(project__domain=domain).delete()
            Token.objects.filter(domain=domain).delete()
        if changes:
            rights_changed()
            _record("updated", domain, actor, changes)
    return domain


def delete_domain(domain_id: str, *, actor: Actor) -> None:
    """Delete a disabled domain with its projects and users; StillInUse while it is enabled.

    The domain Default is never deleted.
    """
    require(actor, "delete_domain", domain=domain_id)
    with changing():
        domain = existing_domain(domain_id)
        if domain.pk == DEFAULT_DOMAIN:
            raise StillInUse("The domain Default cannot be deleted.")
        if domain.enabled:
            raise StillInUse("Cannot delete a domain that is enabled, please disable it first.")
        for user in User.objects.filter(domain=domain):
            delete_user(user.pk, actor=actor)
        for project in _leaves_first(domain):
            delete_project(project.pk, actor=actor)
        domain.delete()
        rights_changed()
        _record("deleted", Domain(pk=domain_id), actor, {"name": Change(old=domain.name)})


def _leaves_first(domain: Domain) -> list[Project]:
    top = list(Project.objects.filter(domain=domain, parent=None))
    levels = [top, *below([project.pk for project in top])]
    return [project for level in reversed(levels) for project in level]


def _record(verb: str, domain: Domain, actor: Actor, changes: Mapping[str, Change]) -> None:
    record(
        f"domain.{verb}", object_type="domain", object_id=domain.pk, actor=actor, changes=changes
    )


def _taken(name: str) -> NameTaken:
    return NameTaken(f"There is a domain named {name} already.", name=name)
