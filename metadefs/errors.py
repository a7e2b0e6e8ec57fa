"""What metadata definitions may refuse.

::

    Invalid
    ├── InvalidDefinition     a definition contradicts itself or cannot be used
    └── PropertyRejected      an asset's property breaks a definition in force
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from catalog.errors import Invalid

Mode = Literal["enforce", "warn", "off"]


class InvalidDefinition(Invalid):
    code = "invalid_definition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A value and the rule it breaks. `property` is the full key. `blocking`: the rule is in force and the write under
    way touches the value, so the write must be refused; otherwise it is only reported and recorded.
    """

    namespace: str
    property: str
    rule: str
    value: Any
    message: str
    mode: Mode
    blocking: bool = False

    def shown(self) -> dict[str, Any]:
        """The violation as it is stored and shown, whoever wrote the value."""
        facts = asdict(self)
        del facts["blocking"]
        return facts


class PropertyRejected(Invalid):
    """Properties break definitions; the message tells of the first, the facts of all."""

    code = "property_rejected"

    def __init__(self, violations: Sequence[Violation]) -> None:
        first, more = violations[0], len(violations) - 1
        also = f" (and {more} more)" if more else ""
        super().__init__(
            first.message + also,
            property=first.property,
            namespace=first.namespace,
            rule=first.rule,
            violations=[violation.shown() for violation in violations],
        )
        self.violations = tuple(violations)
