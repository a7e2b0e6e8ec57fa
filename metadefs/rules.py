"""From definitions to rules: a namespace's drafts and an association make the `Governance` of a resource type. Pure."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from metadefs import schema
from metadefs.drafts import AssociationDraft, NamespaceDraft, ObjectDraft
from metadefs.enforcement import Governance, Requirement, Rule
from metadefs.errors import InvalidDefinition

log = logging.getLogger(__name__)


def assemble(
    resource_type: str, owner: str | None, epoch: int, namespaces: Iterable[NamespaceDraft]
) -> Governance:
    """What the given namespaces say of a resource type; one not associated says nothing."""
    rules: dict[str, tuple[Rule, ...]] = {}
    requirements: list[Requirement] = []
    for namespace in namespaces:
        for association in namespace.associations:
            if association.name != resource_type:
                continue
            for rule in _rules(namespace, association):
                rules[rule.property] = (*rules.get(rule.property, ()), rule)
            requirements += _requirements(namespace, association)
    return Governance(
        resource_type=resource_type,
        owner=owner,
        epoch=epoch,
        rules=rules,
        requirements=tuple(requirements),
    )


def definitions(
    namespace: NamespaceDraft,
) -> Iterable[tuple[str | None, str, Mapping[str, Any]]]:
    """Every definition of a namespace: its object's name or None, its own name, what it says."""
    for name, definition in namespace.properties.items():
        yield None, name, definition
    for group in namespace.objects:
        for name, definition in group.properties.items():
            yield group.name, name, definition


def odd_defaults(found: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """What is wrong with the defaults of named definitions; it refuses none of them."""
    said = []
    for name, definition in found:
        try:
            schema.check_default(name, definition)
        except InvalidDefinition as error:
            said.append(error.message)
    return said


def _rules(namespace: NamespaceDraft, association: AssociationDraft) -> Iterable[Rule]:
    for group, name, definition in definitions(namespace):
        try:
            found = schema.json_schema(definition)
        except InvalidDefinition:
            # Written by an older release, or past the services: assets must stay writable.
            log.exception("%s of %s cannot be enforced", name, namespace.namespace)
            continue
        yield Rule(
            namespace=namespace.namespace,
            property=association.prefix + name,
            schema=found,
            operators=tuple(definition.get("operators", ())),
            mode=association.mode,
            strict=association.strict,
            object=group,
            validator=schema.validator(found),
        )


def _requirements(
    namespace: NamespaceDraft, association: AssociationDraft
) -> Iterable[Requirement]:
    for group in namespace.objects:
        if group.required:
            yield _requirement(namespace, association, group)


def _requirement(
    namespace: NamespaceDraft, association: AssociationDraft, group: ObjectDraft
) -> Requirement:
    return Requirement(
        namespace=namespace.namespace,
        object=group.name,
        keys=frozenset(association.prefix + name for name in group.properties),
        required=tuple(association.prefix + name for name in group.required),
        mode=association.mode,
        strict=association.strict,
    )
