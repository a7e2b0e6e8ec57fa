"""Refusing what goes over a project's limits.

The caller's project counts, whoever owns the image, as in Glance. Checks read and do not lock: of several requests at
the same moment each may be the last one that fits, and an upload of unknown size is only refused when the
project is over its limit already. The storage quota also cuts such an upload off where the quota ends. The number
of images is counted in the transaction that makes one more, unless Keystone limits it.
"""

from artifacts import count_limits
from artifacts.count_limits import Countable
from artifacts.models import Artifact
from catalog.actors import Actor
from catalog.conf import section
from catalog.errors import TooLarge
from images.conf import ImagesConfig
from images.limits import sources
from images.limits.resources import Resource
from images.limits.usage import has_session, images, stored_bytes, usage
from images.sizes import MIB

IMAGES = Countable(
    Resource.COUNT_TOTAL.value,
    Resource.COUNT_TOTAL.unit,
    lambda: section(ImagesConfig).count_limit,
    images,
)


class StorageQuotaExceeded(TooLarge):
    """The project would hold more bytes than each may."""

    code = "storage_quota_exceeded"


def require(actor: Actor, resource: Resource, delta: int = 0) -> None:
    """Nothing, or LimitExceeded when `delta` more (in the resource's unit) would be over the limit of the project.

    A delta of 0 asks whether the project is over its limit already.
    """
    if sources.chosen() == sources.OFF or actor.project_id is None:
        return
    limit = sources.source().limits_for(actor.project_id).get(resource, 0)
    if limit < 0:
        return
    used = usage(actor.project_id, (resource,))[resource]
    if used + delta > limit:
        raise count_limits.exceeded(
            resource.value, resource.unit, limit=limit, used=used, asked=delta
        )


def require_elsewhere(actor: Actor) -> None:
    """What another service says of one more image: asked before the transaction that writes it."""
    if sources.chosen() == sources.KEYSTONE:
        require(actor, Resource.COUNT_TOTAL, 1)


def require_here(actor: Actor) -> None:
    """What this service says of one more image, unless another one says it; in the transaction that writes it."""
    if sources.chosen() != sources.KEYSTONE:
        count_limits.require(IMAGES, actor.project_id)


def require_restored(actor: Actor, image: Artifact) -> None:
    """That an image which did not count may count again; in the transaction that brought it back."""
    if sources.chosen() == sources.KEYSTONE:
        require(actor, Resource.COUNT_TOTAL)
    else:
        count_limits.require(IMAGES, actor.project_id, written=image.project_id == actor.project_id)


def require_upload(actor: Actor, size: int | None, *, image_id: str | None = None) -> None:
    """What `PUT …/file` needs: room for `size` bytes (None: not known), and one more upload under way, unless a
    session of the image is counted already.
    """
    require(actor, Resource.SIZE_TOTAL, (size or 0) // MIB)
    if sources.chosen() != sources.OFF:
        counted = image_id is not None and has_session(image_id)
        require(actor, Resource.COUNT_UPLOADING, 0 if counted else 1)


def room(actor: Actor, size: int | None = None) -> int:
    """How many bytes an upload may have: what an image may have at all, and what the project's storage quota leaves.

    TooLarge when `size`, announced by the client, is more, or nothing is left. The quota is put aside when
    the project's limits come from another source.
    """
    config = section(ImagesConfig)
    if size is not None and size > config.size_cap:
        raise TooLarge(
            f"the data is larger than the {config.size_cap} bytes that an image may have",
            maximum=config.size_cap,
            attempted=size,
        )
    if not config.storage_quota or sources.chosen() != sources.OFF:
        return config.size_cap
    left = config.storage_quota - stored_bytes(actor.project_id)
    if left <= 0 or (size is not None and size > left):
        raise StorageQuotaExceeded(
            f"each project may store {config.user_storage_quota}; {max(left, 0)} bytes are left",
            maximum=config.storage_quota,
            left=max(left, 0),
        )
    return min(config.size_cap, left)


def report(actor: Actor) -> dict[str, dict[str, int]]:
    """`/v2/info/usage`: limit and usage of every resource for the caller's project; empty when nothing is limited."""
    if sources.chosen() == sources.OFF or actor.project_id is None:
        return {}
    limits = sources.source().limits_for(actor.project_id)
    used = usage(actor.project_id)
    return {one.value: {"limit": limits.get(one, 0), "usage": used[one]} for one in Resource}
