"""Resumable uploads of image data: the rules of an upload hold when the session opens, and again at its end.

The image stays `queued` while parts come: it can be changed, deleted, and even be given data in one piece, which ends
the session. It is `saving` only while the last request makes one blob of the parts.
"""

from collections.abc import Mapping

from django.db import transaction

from artifacts import configured_stores as store_registry
from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, UploadSession
from artifacts.services import sessions
from artifacts.services.sessions import Claim
from artifacts.services.upload_conditions import DigestMismatch, Intake
from artifacts.services.uploads import Upload
from catalog.actors import Actor
from catalog.conf import section
from catalog.errors import TooLarge
from images.conf import ImagesConfig
from images.limits import enforcing as limits
from images.limits.resources import Resource
from images.limits.usage import promised_bytes
from images.models import SLOT
from images.policies import ImageAction, ImagePolicy
from images.services import data
from images.sizes import MIB
from stores import Ingested


def largest() -> int:
    """How many bytes a session takes at most."""
    return min(section(ArtifactsConfig).size_limit, section(ImagesConfig).size_cap)


def open_session(
    image: Artifact,
    *,
    length: int,
    digests: Mapping[str, str],
    store: str | None,
    client_metadata: str,
    actor: Actor,
) -> UploadSession:
    """A session for the image's data. Forbidden, TooLarge, SessionExists, and whatever refuses an upload."""
    room = data.require_upload(image, actor=actor, size=length)
    _require_staging(actor, length, room)
    if length > largest():
        raise TooLarge(f"the data is larger than the {largest()} bytes allowed", maximum=largest())
    data.intake(image, size=length, digests=digests)
    name = store or store_registry.default_store()
    store_registry.require_writable(name)
    return sessions.open_session(
        image,
        slot=SLOT,
        store=name,
        length=length,
        digests=digests,
        client_metadata=client_metadata,
        actor=actor,
    )


def _require_staging(actor: Actor, length: int, room: int) -> None:
    """What sessions were promised counts as staged, and as stored where the project has a storage quota."""
    limits.require(actor, Resource.STAGE_TOTAL, length // MIB)
    promised = promised_bytes(actor.project_id)
    if room < section(ImagesConfig).size_cap and promised + length > room:
        raise limits.StorageQuotaExceeded(
            f"{room} bytes are left to the project, and {promised} of them are promised to other uploads",
            left=room,
            promised=promised,
        )


def claim(session: UploadSession, *, image: Artifact, offset: int, actor: Actor) -> Claim:
    """The right to write on, for whoever may upload now. Forbidden, SessionBusy, OffsetMismatch, conflicts of state."""
    data.require_upload(image, actor=actor)
    return sessions.claim(session, offset=offset)


def intake_of(image: Artifact, claim: Claim, digests: Mapping[str, str]) -> Intake:
    """What is asked of the whole, with the digests announced at the session's beginning and at its end."""
    for algorithm, value in digests.items():
        if claim.digests.get(algorithm, value) != value:
            raise DigestMismatch(
                f"{claim.digests[algorithm]} was announced first as {algorithm}, now {value}",
                algorithm=algorithm,
                expected=claim.digests[algorithm],
                found=value,
            )
    return data.intake(image, size=claim.length, digests={**claim.digests, **digests})


def begin_end(image: Artifact, claim: Claim, *, actor: Actor) -> Upload:
    """The ordinary upload that the session's parts become."""
    return data.begin_upload(image, actor=actor, store=claim.store, size=claim.length)


def finish(
    upload: Upload, content: Ingested, claim: Claim, *, intake: Intake, actor: Actor
) -> Artifact:
    """The image is active and the session done, both or neither."""
    with transaction.atomic():
        image = data.finish_upload(
            upload, content, intake=intake, actor=actor, session_id=claim.session_id
        )
        sessions.complete(claim)
    return image


def end(session: UploadSession, *, image: Artifact, actor: Actor) -> None:
    """End the session at the client's wish; its bytes go."""
    ImagePolicy(actor).require(ImageAction.UPLOAD, image)
    sessions.end(session.pk)
