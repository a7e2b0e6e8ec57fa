"""Whether the properties of an asset are what the namespaces that govern it allow. Pure: no database, no settings.

A key may be governed by several rules. Rules of one namespace (its property, and properties of its objects) are
alternatives: the namespace accepts a value that one of them accepts. Of several namespaces:

* those whose association is `off` are not asked;
* a value that any namespace accepts is legal, except for namespaces marked strict, which must
  accept it themselves;
* a value that no namespace accepts breaks all of them. It blocks a write when one of them is in
  mode `enforce`; those in mode `warn` are reported beside it.

So a namespace in mode `warn` that accepts a value makes it legal for an `enforce` namespace that is
not strict. An object's `required` counts once one of its keys is set. A value of None is not set.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jsonschema.protocols import Validator

from metadefs import operators, values
from metadefs.errors import Mode, PropertyRejected, Violation
from metadefs.operators import Comparison

__all__ = ["Governance", "PropertyRejected", "Requirement", "Rule", "Violation", "check", "require"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one definition says of one key. `property` is the full key: prefix + name."""

    namespace: str
    property: str
    schema: Mapping[str, Any]
    operators: tuple[str, ...] = ()
    mode: Mode = "enforce"
    strict: bool = False
    object: str | None = None
    validator: Validator = field(repr=False, compare=False)

    def broken_by(self, value: Any) -> tuple[str, str] | None:
        """The rule's name and what it says of legal values, when `value` breaks it."""
        compared = operators.read(value, self.operators) if isinstance(value, str) else None
        if compared is not None:
            return self._operands_broken(compared)
        broken = self._parsed_broken(value)
        if broken and self.operators and isinstance(value, str) and operators.begins(value):
            return "operators", f"operators {' '.join(self.operators)}"
        return broken

    def _operands_broken(self, compared: Comparison) -> tuple[str, str] | None:
        if compared.wrong:
            return "operators", f"operators ({compared.wrong})"
        return next(filter(None, map(self._parsed_broken, compared.operands)), None)

    def _parsed_broken(self, value: Any) -> tuple[str, str] | None:
        declared = str(self.schema["type"])
        items = self.schema.get("items", {}).get("type", "string")
        try:
            return self._broken(values.parse(value, declared, items))
        except values.NotOfType:
            return "type", f"type {declared}"

    def _broken(self, parsed: Any) -> tuple[str, str] | None:
        error = next(iter(self.validator.iter_errors(parsed)), None)
        if error is None:
            return None
        limit = _limit(error.validator, error.validator_value)
        if error.absolute_path:
            return "items", f"items: {limit}"
        return str(error.validator), limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Keys an object requires once any of its `keys` is set; all are full keys."""

    namespace: str
    object: str
    keys: frozenset[str]
    required: tuple[str, ...]
    mode: Mode = "enforce"
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """All rules for a resource type's assets, as of an epoch; `owner`: whose private namespaces count.

    Without an owner, or where the owner has none, only namespaces that are everybody's are in it.
    """

    resource_type: str
    owner: str | None
    epoch: int
    rules: Mapping[str, tuple[Rule, ...]]
    requirements: tuple[Requirement, ...] = ()

    def in_mode(self, mode: Mode) -> "Governance":
        """The same rules, all in one mode."""
        return replace(
            self,
            rules={
                k: tuple(replace(r, mode=mode) for r in rules) for k, rules in self.rules.items()
            },
            requirements=tuple(replace(r, mode=mode) for r in self.requirements),
        )


@dataclass(frozen=True, slots=True)
class _Write:
    """What the write under way answers for."""

    properties: Mapping[str, Any]
    changed: Collection[str] | None
    inherited: Mapping[str, Any]

    def touches(self, key: str) -> bool:
        if self.changed is not None and key not in self.changed:
            return False
        if key not in self.properties:
            return self.changed is not None
        return key not in self.inherited or self.inherited[key] != self.properties[key]


def check(
    properties: Mapping[str, Any],
    governance: Governance,
    *,
    changed: Collection[str] | None = None,
    inherited: Mapping[str, Any] | None = None,
) -> list[Violation]:
    """Everything in `properties` that breaks a rule; never raises, whatever the values.

    Only what the write touches is `blocking`: keys in `changed` (set or removed; None: all), without those that hold
    the value they have in `inherited`, the properties of the base that a snapshot was made from.
    """
    write = _Write(properties, changed, inherited or {})
    found: list[Violation] = []
    for key, value in properties.items():
        rules = governance.rules.get(key)
        if rules and value is not None:
            found += _judged(value, rules, blocking=write.touches(key))
    for requirement in governance.requirements:
        found += _missing(requirement, write)
    return found


def require(
    properties: Mapping[str, Any],
    governance: Governance,
    *,
    changed: Collection[str] | None = None,
    inherited: Mapping[str, Any] | None = None,
) -> list[Violation]:
    """As `check`; PropertyRejected when one of the violations blocks the write."""
    found = check(properties, governance, changed=changed, inherited=inherited)
    if blocking := [violation for violation in found if violation.blocking]:
        raise PropertyRejected(blocking)
    return found


def _judged(value: Any, rules: Collection[Rule], *, blocking: bool) -> list[Violation]:
    accepting: set[str] = set()
    broken: dict[str, tuple[Rule, tuple[str, str]]] = {}
    for rule in rules:
        if rule.mode == "off":
            continue
        failure = rule.broken_by(value)
        if failure is None:
            accepting.add(rule.namespace)
        else:
            broken.setdefault(rule.namespace, (rule, failure))
    return [
        _violation(rule, value, failure, blocking=blocking and rule.mode == "enforce")
        for rule, failure in broken.values()
        if rule.namespace not in accepting and (rule.strict or not accepting)
    ]


def _violation(rule: Rule, value: Any, failure: tuple[str, str], *, blocking: bool) -> Violation:
    name, limit = failure
    return Violation(
        namespace=rule.namespace,
        property=rule.property,
        rule=name,
        value=_cut(value, 255) if isinstance(value, str) else value,
        message=f"property {rule.property!r} of namespace {rule.namespace!r}: "
        f"value {_cut(repr(value), 80)} breaks {limit}",
        mode=rule.mode,
        blocking=blocking,
    )


def _missing(requirement: Requirement, write: _Write) -> list[Violation]:
    if requirement.mode == "off":
        return []
    present = [key for key in requirement.keys if write.properties.get(key) is not None]
    if not present:
        return []
    touched = any(write.touches(key) for key in {*present, *requirement.required})
    return [
        Violation(
            namespace=requirement.namespace,
            property=key,
            rule="required",
            value=None,
            message=f"property {key!r} of namespace {requirement.namespace!r}: "
            f"object {requirement.object!r} requires it and it is not set",
            mode=requirement.mode,
            blocking=touched and requirement.mode == "enforce",
        )
        for key in requirement.required
        if write.properties.get(key) is None
    ]


def _limit(rule: Any, limit: Any) -> str:
    if rule == "enum" and isinstance(limit, list):
        return f"enum (one of {_cut(', '.join(map(str, limit)), 300)})"
    return f"{rule} {_cut(str(limit), 300)}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
