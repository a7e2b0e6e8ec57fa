"""Definitions as plain values: what callers, files and previews hand in before any row exists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from metadefs.errors import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationDraft:
    """A resource type that a namespace governs."""

    name: str
    prefix: str = ""
    properties_target: str | None = None
    mode: Mode = "enforce"
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDraft:
    name: str
    description: str | None = None
    required: tuple[str, ...] = ()
    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceDraft:
    """A namespace with everything in it."""

    namespace: str
    display_name: str | None = None
    description: str | None = None
    visibility: str = "private"
    protected: bool = False
    owner: str | None = None
    associations: tuple[AssociationDraft, ...] = ()
    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    objects: tuple[ObjectDraft, ...] = ()
    tags: tuple[str, ...] = ()
