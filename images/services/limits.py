"""Changing the limits that this service keeps itself."""

from django.db import transaction

from catalog.actors import Actor
from catalog.errors import Invalid
from catalog.events.recording import Change, record
from images.limits.resources import NAMES
from images.limits.sources import UNLIMITED
from images.models import ProjectLimit, RegisteredLimit

LARGEST = 2**63 - 1


class InvalidLimit(Invalid):
    """No limit of this resource can have this value."""

    code = "invalid_limit"


def set_default(resource: str, limit: int | None, *, actor: Actor) -> None:
    """What projects may have that have no limit of their own; None: what the settings say, or else any number."""
    _check(resource, limit)
    with transaction.atomic():
        row = RegisteredLimit.objects.filter(resource=resource).first()
        before = row.limit if row else None
        if limit == before:
            return
        if limit is None:
            RegisteredLimit.objects.filter(resource=resource).delete()
        else:
            RegisteredLimit.objects.update_or_create(resource=resource, defaults={"limit": limit})
        _record(resource, None, before, limit, actor)


def set_for_project(
    project_id: str, resource: str, limit: int | None, *, actor: Actor
) -> int | None:
    """What this project may have, whatever the default is; None: the default again. The row's key, if there is one."""
    _check(resource, limit)
    if not 0 < len(project_id) <= 255:
        raise InvalidLimit("a project is named by 1 to 255 characters", project=project_id[:80])
    with transaction.atomic():
        rows = ProjectLimit.objects.filter(project_id=project_id, resource=resource)
        row = rows.first()
        before = row.limit if row else None
        if limit == before:
            return row.pk if row else None
        if limit is None:
            rows.delete()
            row = None
        else:
            row, _ = ProjectLimit.objects.update_or_create(
                project_id=project_id, resource=resource, defaults={"limit": limit}
            )
        _record(resource, project_id, before, limit, actor)
    return row.pk if row else None


def _check(resource: str, limit: int | None) -> None:
    if resource not in NAMES:
        raise InvalidLimit(
            f"there is no resource {resource!r}; there are {', '.join(NAMES)}", resource=resource
        )
    if limit is not None and not UNLIMITED <= limit <= LARGEST:
        raise InvalidLimit(
            f"a limit is a number from 0 up, or {UNLIMITED} for none, not {limit}", limit=limit
        )


def _record(
    resource: str, project_id: str | None, before: int | None, after: int | None, actor: Actor
) -> None:
    record(
        "limit.update",
        object_type="limit",
        object_id=resource,
        actor=actor,
        project_id=project_id,
        changes={"limit": Change(old=before, new=after)},
    )
