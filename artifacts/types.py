"""What types of artifacts there are: one registry for those declared in code (run-time ones join it later)."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catalog.actors import Actor
from catalog.errors import NotFound
from catalog.lifecycle import Machine
from catalog.registry import Registry

if TYPE_CHECKING:
    from artifacts.models import Artifact


class UnknownType(NotFound):
    """No type of this name is declared."""

    code = "unknown_type"


@dataclass(frozen=True, slots=True)
class Shown:
    """Of the artifacts that an actor sees, those that rules let it be shown: visibilities of its own and of others'."""

    own: frozenset[str]
    others: frozenset[str]


class Guard(ABC):
    """Who may do what to artifacts of a type: every service asks it, so no API can bypass it."""

    @abstractmethod
    def require(self, action: str, artifact: "Artifact", actor: Actor) -> None:
        """Nothing, Forbidden, or NotFound when the actor may not even see it."""

    @abstractmethod
    def require_list(self, actor: Actor) -> None:
        """Nothing, or Forbidden: lists and searches ask it."""

    @abstractmethod
    def shown(self, actor: Actor) -> Shown:
        """What lists and searches may hold: the rule of `get`, asked once and not row by row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place for bytes. `required`: the artifact cannot be active without it; `max_size` in bytes."""

    name: str
    required: bool = False
    max_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactType:
    """A type: its name in URLs, its resource type for metadefs, events and search, and its rules.

    `on_upload` names the transitions that an upload walks at its begin, its success and its failure;
    empty names leave the status alone. `settled` are the states that it rests in, and may be restored to. `schema` is
    JSON Schema for the declared fields. `singular` and `alias` are what messages call one of them ("" : an artifact of
    that type) and a name that leads to one.
    """

    name: str
    resource_type: str
    machine: Machine
    initial: str
    guard: Guard
    event_prefix: str
    slots: Mapping[str, Slot] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    on_upload: tuple[str, str, str] = ("", "", "")
    settled: frozenset[str] = frozenset()
    versioned: bool = True
    in_artifact_api: bool = True
    singular: str = ""
    alias: str = "alias"

    @property
    def an_alias(self) -> str:
        return f"{'an' if self.alias[0] in 'aeiou' else 'a'} {self.alias}"


def _same_type(one: ArtifactType, other: ArtifactType) -> bool:
    return one.resource_type == other.resource_type


_types: Registry[ArtifactType] = Registry("artifact type", same=_same_type)


def register(kind: ArtifactType) -> None:
    """Declare a type; called from `AppConfig.ready`."""
    _types.register(kind.name, kind)


def types() -> Mapping[str, ArtifactType]:
    return _types


def type_named(name: str) -> ArtifactType:
    """The type; UnknownType when there is none."""
    if name not in _types:
        raise UnknownType(f"there is no artifact type {name!r}", type=name)
    return _types[name]


def absent(type_name: str, artifact_id: str) -> NotFound:
    """What is said of an artifact that is not there or hidden, in the words of its type."""
    kind = _types.get(type_name)
    if kind is not None and kind.singular:
        return NotFound(f"no {kind.singular} found with ID {artifact_id}", id=artifact_id)
    return NotFound(f"there is no {type_name} artifact {artifact_id!r}", id=artifact_id)
