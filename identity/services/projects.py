"""Projects: made, changed, deleted."""

from collections.abc import Collection, Mapping
from typing import Any, TypedDict, Unpack

from catalog.actors import Actor
from catalog.errors import Invalid
from catalog.events.recording import Change, record
from identity.caching import rights_changed
from identity.errors import NameTaken, StillInUse
from identity.models import DEFAULT_DOMAIN, Project
from identity.policies import require
from identity.selectors import existing_domain, existing_project
from identity.services.changing import (
    NOTHING,
    apply,
    changing,
    created,
    locked,
    pointing,
    refuse_others,
    without_nulls,
)
from identity.services.revoking import end_tokens
from identity.services.tagging import replace_tags

DEEPEST = 5


class ProjectDetails(TypedDict, total=False):
    description: str
    extra: Mapping[str, Any]
    enabled: bool
    tags: Collection[str]


class ProjectChanges(ProjectDetails, total=False):
    name: str


def create_project(
    *,
    name: str,
    domain_id: str = DEFAULT_DOMAIN,
    parent_id: str | None = None,
    description: str = "",
    enabled: bool = True,
    extra: Mapping[str, Any] | None = None,
    tags: Collection[str] = (),
    actor: Actor,
) -> Project:
    """A new project; `parent_id` names a project of the same domain, or the domain itself.

    NameTaken when the domain has a project of that name; Invalid for a parent that does not fit.
    """
    require(actor, "create_project", domain=domain_id)
    with changing(_taken(name)):
        with pointing("project.domain_id"):
            domain = existing_domain(domain_id)
        parent = None
        if parent_id not in (None, domain_id):
            parent = _parent(str(parent_id), domain_id)
        project = Project.objects.create(
            name=name,
            domain=domain,
            parent=parent,
            description=description,
            enabled=enabled,
            extra=without_nulls(extra),
        )
        names = ("name", "domain_id", "parent_id", "description", "enabled", "extra")
        _record("created", project.pk, actor, created(project, *names))
        replace_tags(project, tags, actor=actor)
    return project


def update_project(
    project_id: str,
    *,
    actor: Actor,
    fixed: Mapping[str, str | None] = NOTHING,
    **values: Unpack[ProjectChanges],
) -> Project:
    """Change a project; disabling it ends its tokens."""
    require(actor, "update_project", project=project_id)
    with changing(_taken(values.get("name", ""))):
        project = existing_project(project_id, among=locked(Project.objects.all()))
        parent_id = project.parent_id or project.domain_id
        refuse_others(fixed, {"domain_id": project.domain_id, "parent_id": parent_id})
        tags = values.pop("tags", None)
        changes = apply(project, values)
        if tags is not None:
            replace_tags(project, tags, actor=actor)
        if "enabled" in changes and not project.enabled:
            end_tokens(project_id=project_id)
        if changes:
            rights_changed()
            _record("updated", project_id, actor, changes)
    return project


def delete_project(project_id: str, *, actor: Actor) -> None:
    """Delete a project with its assignments and tokens; StillInUse while it has children."""
    require(actor, "delete_project", project=project_id)
    with changing():
        project = existing_project(project_id)
        if project.children.exists():
            raise StillInUse(
                f"Cannot delete the project {project_id} since it is not a leaf in the hierarchy."
            )
        project.delete()
        rights_changed()
        _record("deleted", project_id, actor, {"name": Change(old=project.name)})


def _parent(parent_id: str, domain_id: str) -> Project:
    with pointing("project.parent_id"):
        parent = existing_project(parent_id)
    if parent.domain_id != domain_id:
        raise Invalid("A project's parent must lie in the same domain.", attribute="parent_id")
    depth, above = 1, parent
    while above.parent is not None:
        depth, above = depth + 1, above.parent
    if depth >= DEEPEST:
        raise StillInUse(f"Projects may not lie deeper than {DEEPEST} levels.")
    return parent


def _record(verb: str, project_id: str, actor: Actor, changes: Mapping[str, Change]) -> None:
    record(
        f"project.{verb}",
        object_type="project",
        object_id=project_id,
        project_id=project_id,
        actor=actor,
        changes=changes,
    )


def _taken(name: str) -> NameTaken:
    return NameTaken(
        f"It is not permitted to have two projects named {name} in the same domain.", name=name
    )
