"""Sharing an image with projects, and their answers."""

from datetime import datetime

from django.db import IntegrityError, transaction

from artifacts.models import Artifact, Member
from artifacts.services import writing
from catalog.actors import Actor
from catalog.clock import now
from catalog.conf import section
from catalog.errors import ConcurrentChange, Duplicate, Forbidden, Invalid, TooLarge
from catalog.events.history import first_event
from catalog.events.recording import Change, record
from catalog.names import require_addressable
from images.artifact_type import IMAGES
from images.conf import ImagesConfig
from images.policies import ImageAction, ImagePolicy

STATUSES = ("pending", "accepted", "rejected")


def add_member(image: Artifact, member_id: str, *, actor: Actor) -> Member:
    """Share with a project; it sees the image in its lists once it accepts.

    A project that was a member before is pending again, and its membership as old as the first one. Forbidden, Invalid,
    InvalidName, TooLarge, Duplicate.
    """
    ImagePolicy(actor).require(ImageAction.ADD_MEMBER, image)
    _must_be_shared(image)
    if not 0 < len(member_id) <= 255:
        raise Invalid("a member is named by 1 to 255 characters", member=member_id[:80])
    require_addressable(member_id, "member")
    quota, others = section(ImagesConfig).member_quota, Member.objects.filter(artifact=image)
    if 0 <= quota <= others.exclude(member_id=member_id).count():
        raise TooLarge(f"an image has at most {quota} members", maximum=quota)
    try:
        with transaction.atomic():
            member = Member(artifact=image, member_id=member_id)
            _record(image, "create", member, actor, Change(new=member.status))
            member.created_at = _first_added(image, member_id) or member.created_at
            member.save(force_insert=True)
    except IntegrityError:
        raise Duplicate(
            f"{member_id!r} is a member of image {image.pk} already", member=member_id
        ) from None
    return member


def answer(image: Artifact, member: Member, status: str, *, actor: Actor) -> Member:
    """Accept, reject or postpone, as the member (or an administrator); nothing happens when that is the answer already.
    ConcurrentChange when somebody was faster.
    """
    _must_be_shared(image)
    ImagePolicy(actor).require(ImageAction.MODIFY_MEMBER, image, member_id=member.member_id)
    if status not in STATUSES:
        raise Invalid(f"status must be one of {', '.join(STATUSES)}, not {status!r}", status=status)
    if status == member.status:
        return member
    with transaction.atomic():
        read = Member.objects.filter(pk=member.pk, updated_at=member.updated_at)
        before, member.status, member.updated_at = member.status, status, now()
        if not read.update(status=status, updated_at=member.updated_at):
            raise ConcurrentChange(
                "somebody else answered in the meantime", member=member.member_id
            )
        _record(image, "update", member, actor, Change(old=before, new=status))
    return member


def remove_member(image: Artifact, member: Member, *, actor: Actor) -> None:
    """Stop sharing with a project; only the owner or an administrator may."""
    _must_be_shared(image)
    ImagePolicy(actor).require(ImageAction.DELETE_MEMBER, image)
    with transaction.atomic():
        if not Member.objects.filter(pk=member.pk, updated_at=member.updated_at).delete()[0]:
            raise ConcurrentChange(
                "somebody else changed it in the meantime", member=member.member_id
            )
        _record(image, "delete", member, actor, Change(old=member.status))


def _first_added(image: Artifact, member_id: str) -> datetime | None:
    """When the project became a member for the first time, by the events; this time's is one of them."""
    added = first_event(
        IMAGES.resource_type, image.pk, kind="image.member.create", path=_path(member_id)
    )
    return None if added is None else added.created_at


def _path(member_id: str) -> str:
    return f"members/{member_id}"


def _must_be_shared(image: Artifact) -> None:
    if image.visibility != "shared":
        raise Forbidden("only shared images have members", id=image.pk)


def _record(image: Artifact, verb: str, member: Member, actor: Actor, change: Change) -> None:
    record(
        f"image.member.{verb}",
        object_type=IMAGES.resource_type,
        object_id=image.pk,
        actor=actor,
        project_id=image.project_id,
        changes={_path(member.member_id): change},
    )
    writing.touch(image, kind=IMAGES)
