"""What would be legal if a namespace were as proposed: nothing is written, and assets can be checked against it."""

from catalog.conf import section
from metadefs import rules
from metadefs.conf import MetadefsConfig
from metadefs.drafts import NamespaceDraft
from metadefs.enforcement import Governance
from metadefs.selectors import governing_drafts, stamp
from metadefs.services import namespaces


def governance_with(
    draft: NamespaceDraft, *, resource_type: str, owner: str | None, replaces: str | None = None
) -> Governance:
    """The rules for a resource type and an owner with `draft` in place of the namespace `replaces`
    (by default the one of its own name). InvalidDefinition when the draft could not be stored.
    """
    namespaces.check(draft)
    seen = draft.visibility == "public" or draft.owner in {None, owner}
    return _governance([draft] if seen else [], replaces or draft.namespace, resource_type, owner)


def governance_without(name: str, *, resource_type: str, owner: str | None) -> Governance:
    """The rules if the namespace `name` were deleted."""
    return _governance([], name, resource_type, owner)


def _governance(
    added: list[NamespaceDraft], replaced: str, resource_type: str, owner: str | None
) -> Governance:
    epoch, _ = stamp()
    kept = [d for d in governing_drafts(resource_type, owner) if d.namespace != replaced]
    found = rules.assemble(resource_type, owner, epoch, [*kept, *added])
    mode = section(MetadefsConfig).mode
    return found.in_mode(mode) if mode else found
