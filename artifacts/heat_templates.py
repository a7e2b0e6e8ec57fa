"""Orchestration templates: the first type beside images, with one blob."""

from artifacts import policies
from artifacts.lifecycle import ACTIVE, ARTIFACT, DEACTIVATED, DRAFTED
from artifacts.types import ArtifactType, Slot
from artifacts.types import register as register_type

HEAT_TEMPLATES = ArtifactType(
    name="heat_templates",
    resource_type="OS::Glare::HeatTemplate",
    machine=ARTIFACT,
    initial=DRAFTED,
    guard=policies.PlainGuard(),
    event_prefix="artifact",
    settled=frozenset({DRAFTED, ACTIVE, DEACTIVATED}),
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
