"""Projects above and below one another; a level costs two queries, and there are few levels."""

from collections.abc import Collection
from typing import Any

from catalog.actors import Actor
from identity.models import Assignment, Project
from identity.policies import allows

Tree = dict[str, Any]


def above(project: Project) -> list[Project]:
    """The parents, the nearest first."""
    found: list[Project] = []
    parent = project.parent
    while parent is not None:
        found.append(parent)
        parent = parent.parent
    return found


def below(project_ids: Collection[str]) -> list[list[Project]]:
    """The children, their children and so on, one list a level."""
    levels: list[list[Project]] = []
    level = list(project_ids)
    while level:
        children = Project.objects.filter(parent_id__in=level).prefetch_related("tags")
        rows = list(children.order_by("name", "pk"))
        if rows:
            levels.append(rows)
        level = [row.pk for row in rows]
    return levels


def seen_by(actor: Actor, projects: list[Project]) -> list[Project]:
    """Those that the caller may read about: all for who lists projects, else where it has a role."""
    if allows(actor, "list_projects"):
        return projects
    held = set(
        Assignment.objects.filter(user_id=actor.user_id, project_id__isnull=False).values_list(
            "project_id", flat=True
        )
    )
    return [one for one in projects if one.pk in held]


def ids_above(project: Project) -> Tree:
    """Nested, the nearest outside; at the innermost place stands the domain."""
    tree: Tree = {str(project.domain_id): None}
    for one in reversed(above(project)):
        tree = {one.pk: tree}
    return tree


def ids_below(project: Project) -> Tree | None:
    """Nested; None where nothing lies below."""
    trees: dict[str, Tree] = {project.pk: {}}
    for level in below([project.pk]):
        for one in level:
            trees[one.pk] = {}
            trees[str(one.parent_id)][one.pk] = trees[one.pk]
    return _closed(trees[project.pk])


def _closed(tree: Tree) -> Tree | None:
    return {key: _closed(inner) for key, inner in tree.items()} or None
