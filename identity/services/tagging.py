"""The tags of projects."""

import re
from collections.abc import Collection

from catalog.actors import Actor
from catalog.errors import Invalid
from catalog.events.recording import Change, record
from catalog.names import require_addressable
from identity.errors import TagNotFound
from identity.models import Project, ProjectTag
from identity.policies import require
from identity.selectors import existing_project, tags_of
from identity.services.changing import changing, locked

MOST = 80
TAG = re.compile(r"[^,/]{1,255}")


def set_tags(project_id: str, names: Collection[str], *, actor: Actor) -> list[str]:
    """Give the project these tags and no others; Invalid, InvalidName for what cannot be a tag."""
    require(actor, "update_project_tags", project=project_id)
    with changing():
        project = _held(project_id)
        replace_tags(project, names, actor=actor)
    return sorted(names)


def add_tag(project_id: str, name: str, *, actor: Actor) -> None:
    """Add one tag; doing it again changes nothing."""
    require(actor, "create_project_tag", project=project_id)
    with changing():
        project = _held(project_id)
        replace_tags(project, {*tags_of(project), name}, actor=actor)


def remove_tag(project_id: str, name: str, *, actor: Actor) -> None:
    """Take one tag away; TagNotFound when the project has it not."""
    require(actor, "delete_project_tag", project=project_id)
    with changing():
        project = _held(project_id)
        present = set(tags_of(project))
        if name not in present:
            raise TagNotFound(f"The project {project_id} has no tag {name}.", tag=name)
        replace_tags(project, present - {name}, actor=actor)


def replace_tags(project: Project, names: Collection[str], *, actor: Actor) -> None:
    """The same as a part of another change, whose right was asked for."""
    if len(names) > MOST or len(set(names)) != len(names):
        raise Invalid(f"tags must be at most {MOST} different texts.", attribute="tags")
    if not all(TAG.fullmatch(name) for name in names):
        raise Invalid(
            "tags must be texts of 1 to 255 characters, without commas and slashes.",
            attribute="tags",
        )
    old, new = set(tags_of(project)), set(names)
    if old == new:
        return
    for name in sorted(new - old):
        require_addressable(name, "tag")
    ProjectTag.objects.filter(project=project, name__in=old - new).delete()
    ProjectTag.objects.bulk_create(
        ProjectTag(project=project, name=name) for name in sorted(new - old)
    )
    record(
        "project.updated",
        object_type="project",
        object_id=project.pk,
        project_id=project.pk,
        actor=actor,
        changes={"tags": Change(old=sorted(old), new=sorted(new))},
    )


def _held(project_id: str) -> Project:
    return existing_project(project_id, among=locked(Project.objects.all()))
