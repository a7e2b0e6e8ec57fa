"""Images as an artifact type."""

from artifacts.types import ArtifactType, Slot
from artifacts.types import register as register_type
from images.lifecycle import ACTIVE, DEACTIVATED, IMAGE, QUEUED
from images.models import SLOT, TYPE
from images.policies import ImageGuard

IMAGES = ArtifactType(
    name=TYPE,
    resource_type="OS::Glance::Image",
    machine=IMAGE,
    initial=QUEUED,
    guard=ImageGuard(),
    event_prefix="image",
    slots={SLOT: Slot(name=SLOT, required=True)},
    on_upload=("upload", "activate", "fail_upload"),
    settled=frozenset({QUEUED, ACTIVE, DEACTIVATED}),
    versioned=False,
    in_artifact_api=False,
    singular="image",
    alias="family",
)


def register() -> None:
    register_type(IMAGES)
