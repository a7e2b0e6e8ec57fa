"""Property protections: which free properties an actor may create, read, update and delete.

The file is Glance's: an INI whose section names are regular expressions, searched (not anchored) in a property's name.
The first section that matches decides; a name that none matches is kept from everybody, administrators too. Each
section says for ``create``, ``read``, ``update`` and ``delete`` who may: in the format `roles` a list of roles
(compared in lower case, a service token's roles among them), in the format `policies` the name of one policy rule,
asked with an empty target. ``@`` is everybody, ``!`` nobody.

The file is read once per process. The patterns are matched by RE2, whose time is linear in the name: callers choose
the names.
"""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Literal, TypeVar

from catalog import policy
from catalog.actors import Actor
from catalog.conf import section
from catalog.errors import Forbidden
from images.conf import ImagesConfig
from metadefs import patterns
from metadefs.errors import InvalidDefinition

EVERYBODY, NOBODY = "@", "!"
INTERNAL = "os_glance"
WHATEVER = frozenset({".*", "^.*$", "^.*", ".*$", "^"})
V = TypeVar("V")


class PropertyAction(StrEnum):
    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"


class ProtectionFileWrong(Exception):
    """The protection file cannot be used; the message says where and why."""


class PropertyProtected(Forbidden):
    """The operator keeps this property from the caller."""

    code = "property_protected"


@dataclass(frozen=True, slots=True)
class Rule:
    """One section: its pattern, and who may do what: role names, one policy rule, ``@`` or ``!``."""

    pattern: str
    allowed: Mapping[PropertyAction, frozenset[str]]


@dataclass(frozen=True, eq=False)
class Rules:
    """All sections of a file, in order."""

    format: Literal["roles", "policies"]
    sections: tuple[Rule, ...]

    def section_of(self, name: str) -> Rule | None:
        """The section that decides on a property; None: nobody may do anything with it."""
        return next((one for one in self.sections if patterns.found_in(one.pattern, name)), None)


def read(file: Path, form: Literal["roles", "policies"]) -> Rules:
    """The rules of a file; ProtectionFileWrong names what is wrong with it."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text(encoding="utf-8"), source=str(file))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise ProtectionFileWrong(f"{file}: {' '.join(str(error).split())}") from None
    found = [Rule(f"^{INTERNAL}.*", dict.fromkeys(PropertyAction, frozenset({EVERYBODY})))]
    for name in parser.sections():
        if name.startswith(INTERNAL):
            continue
        try:
            patterns.check(name)
        except InvalidDefinition as error:
            raise ProtectionFileWrong(f"{file}: section [{name}]: {error.message}") from None
        allowed = {one: _allowed(file, name, one, parser[name], form) for one in PropertyAction}
        found.append(Rule(name, allowed))
    return Rules(form, tuple(found))


def rules() -> Rules | None:
    """The rules of the running service; None when it protects no property."""
    config = section(ImagesConfig)
    file = config.property_protection_file
    return None if file is None else _read(file, config.property_protection_rule_format)


def allows(actor: Actor, action: PropertyAction, name: str) -> bool:
    """Whether the actor may do this with a property of this name."""
    found = rules()
    if found is None:
        return True
    return _allows(found, action, name, actor)


def require(actor: Actor, action: PropertyAction, name: str) -> None:
    """Nothing, or PropertyProtected."""
    if not allows(actor, action, name):
        raise PropertyProtected(
            f"attribute {name!r} is reserved: you may not {action.value} it", property=name
        )


def readable(actor: Actor, properties: Mapping[str, V]) -> dict[str, V]:
    """The properties that the actor may read."""
    found = rules()
    if found is None:
        return dict(properties)
    return {k: v for k, v in properties.items() if _allows(found, PropertyAction.READ, k, actor)}


def open_to_all(name: str) -> bool:
    """Whether everybody may read a property of this name, whoever asks."""
    found = rules()
    if found is None:
        return True
    decisive = _section_of(found, name)
    return decisive is not None and EVERYBODY in decisive.allowed[PropertyAction.READ]


def reads_all(actor: Actor) -> bool:
    """Whether the actor may read whatever property there is; a file without a section for all names keeps some."""
    found = rules()
    if found is None:
        return True
    for one in found.sections:
        if not _grants(found, one, PropertyAction.READ, actor):
            return False
        if one.pattern in WHATEVER:
            return True
    return False


def fingerprint() -> str:
    """Names the rules in force, so that what was made by other ones can be told; empty without a file."""
    config = section(ImagesConfig)
    file = config.property_protection_file
    return "" if file is None else _fingerprint(file, config.property_protection_rule_format)


def rule_names(found: Rules) -> frozenset[str]:
    """The policy rules that a file of the format `policies` asks."""
    named = (names for one in found.sections for names in one.allowed.values())
    return frozenset[str]().union(*named) - {EVERYBODY, NOBODY}


def _allows(found: Rules, action: PropertyAction, name: str, actor: Actor) -> bool:
    decisive = _section_of(found, name)
    return decisive is not None and _grants(found, decisive, action, actor)


def _grants(found: Rules, decisive: Rule, action: PropertyAction, actor: Actor) -> bool:
    allowed = decisive.allowed[action]
    if EVERYBODY in allowed:
        return True
    if found.format == "roles":
        return not allowed.isdisjoint(actor.roles | actor.service_roles)
    return any(one != NOBODY and policy.enforce(actor, one) for one in allowed)


@lru_cache(maxsize=4)
def _read(file: Path, form: Literal["roles", "policies"]) -> Rules:
    return read(file, form)


@lru_cache(maxsize=4)
def _fingerprint(file: Path, form: str) -> str:
    try:
        content = file.read_bytes()
    except OSError:
        return "unreadable"  # the start is refused
    return blake2b(content, digest_size=12, person=form.encode()).hexdigest()


@lru_cache(maxsize=16384)
def _section_of(found: Rules, name: str) -> Rule | None:
    return found.section_of(name)


def _allowed(
    file: Path,
    name: str,
    action: PropertyAction,
    lines: Mapping[str, str],
    form: Literal["roles", "policies"],
) -> frozenset[str]:
    where = f"{file}: section [{name}]"
    if action.value not in lines:
        raise ProtectionFileWrong(f"{where} does not say who may {action.value}")
    parts = [one.strip() for one in lines[action.value].split(",")]
    found = frozenset(one for one in parts if one)
    if {EVERYBODY, NOBODY} <= found:
        raise ProtectionFileWrong(f"{where}: {action.value} has both @ (everybody) and ! (nobody)")
    if form == "roles":
        return frozenset(one.lower() for one in found)
    if len(parts) > 1:
        raise ProtectionFileWrong(f"{where}: {action.value} names one policy rule, not several")
    return found
