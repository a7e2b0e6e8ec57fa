"""Orchestration templates: the first type beside images, with one blob."""

from artifacts import policies
from artifacts.lifecycle import ARTIFACT, DRAFTED
from artifacts.types import ArtifactType, Slot
from artifacts.types import register as register_type

HEAT_TEMPLATES = ArtifactType(
    name="heat_templates",
    resource_type="OS::Glare::HeatTemplate",
    machine=ARTIFACT,
    initial=DRAFTED,
    guard=policies.PlainGuard(),
    event_prefix="artifact",
    slots={"template": Slot(name="template", required=True, max_size=10 << 20)},
    schema={
        "type": "object",
        "properties": {"description": {"type": "string", "maxLength": 4096}},
        "additionalProperties": False,
    },
)


def register() -> None:
    policies.register()
    register_type(HEAT_TEMPLATES)
