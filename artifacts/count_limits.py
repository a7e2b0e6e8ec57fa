"""How many things a project may have, whatever they weigh: what operators set for it, else the number of the settings.

Counting reads all that the project has in an index. A process that has counted therefore lets a hundredth of what was
left pass without counting again, for a few seconds; where less than a hundred are left, each is counted inside the
transaction that writes it, and on both databases one after the other.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from django.db import connection

from artifacts.conf import ArtifactsConfig
from artifacts.models import Alias, Artifact
from artifacts.types import types
from catalog.conf import section
from catalog.errors import LimitExceeded

FRESH = 10.0
"""Seconds for which a limit and a count are remembered."""
SHARE = 100
"""Of what is left, the part that passes uncounted is one by this."""
MOST_KNOWN = 10_000

LimitOf = Callable[[str, str], int | None]
"""What operators set for a project, by its id and the resource's name; negative: any number; None: nothing."""


@dataclass(frozen=True, slots=True)
class Countable:
    """What is counted: the name of its limit, what a sentence calls it, the settings' limit (0 or less: any number),
    and how many a project has.
    """

    resource: str
    unit: str
    default: Callable[[], int]
    used: Callable[[str], int]


@dataclass(slots=True)
class _Known:
    until: float
    spare: float


_known: dict[tuple[str, str, int], _Known] = {}
_lock = Lock()
_limits: list[LimitOf] = []


def limited_by(source: LimitOf) -> None:
    """Where the limits are that operators set; called once, from `AppConfig.ready`."""
    _limits[:] = [source]


def require(what: Countable, project_id: str | None, *, written: bool = False) -> None:
    """Nothing, or LimitExceeded when one more is over the limit of the project. Nobody's things are not limited.

    Called in the transaction that writes it; `written` when it is among those that are counted already: then others
    may be written at the same moment.
    """
    if project_id is None:
        return
    default = what.default()
    key = (what.resource, project_id, default)
    if _spared(key):
        return
    limit = _limit(what.resource, project_id, default)
    if limit is None:
        _remember(key, float("inf"))
        return
    if not written:
        _wait_for_turn(what.resource, project_id)
    used = what.used(project_id) - written
    if used >= limit:
        raise exceeded(what.resource, what.unit, limit=limit, used=used, asked=1)
    _remember(key, (limit - used - 1) // SHARE)


def exceeded(resource: str, unit: str, *, limit: int, used: int, asked: int) -> LimitExceeded:
    """What is said to who asks for more than the project may have."""
    return LimitExceeded(
        f"{resource} is limited to {limit} {unit} for this project: {used} are used already,"
        f" and {asked} more were asked for",
        resource=resource,
        limit=limit,
        usage=used,
        delta=asked,
    )


def forget() -> None:
    """Count anew at the next question."""
    with _lock:
        _known.clear()


def _spared(key: tuple[str, str, int]) -> bool:
    with _lock:
        known = _known.get(key)
        if known is None or known.spare < 1 or known.until < time.monotonic():
            return False
        known.spare -= 1
        return True


def _remember(key: tuple[str, str, int], spare: float) -> None:
    with _lock:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[key] = _Known(time.monotonic() + FRESH, spare)


def _limit(resource: str, project_id: str, default: int) -> int | None:
    for source in _limits:
        found = source(project_id, resource)
        if found is not None:
            return found if found >= 0 else None
    return default if default > 0 else None


def _wait_for_turn(resource: str, project_id: str) -> None:
    """Until the transaction ends nobody else counts the same. On SQLite transactions write alone anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            name = f"vitrine:{resource}:{project_id}"
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _artifacts(project_id: str) -> int:
    """Deleted ones count as long as they can be restored."""
    names = [one.name for one in types().values() if one.in_artifact_api]
    return Artifact.objects.filter(type__in=names, project_id=project_id, scrubbed_at=None).count()


def _families(project_id: str) -> int:
    return Alias.objects.filter(type__in=list(types()), project_id=project_id).count()


ARTIFACTS = Countable(
    "artifact_count_total", "artifacts", lambda: section(ArtifactsConfig).count_limit, _artifacts
)
FAMILIES = Countable(
    "family_count_total", "families", lambda: section(ArtifactsConfig).family_limit, _families
)
