"""What a patch means to an image: operations on a draft, each judged by what its path names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.actors import Actor
from catalog.conf import section
from catalog.errors import Conflict, Forbidden, InvalidPatch, ReadOnly, at_most
from catalog.jsonpatch import Add, Operation, Pointer, Remove, Replace
from catalog.schemas import whole
from images import protections, schemas
from images.conf import ImagesConfig
from images.location_patching import Entry, applied, is_about, require_place
from images.protections import PropertyAction

AT_ONCE, UNBOUNDED = 1000, 10_000
"""What one request may name of anything of which an image may have fewer, or any number."""


class NoSuchProperty(Conflict):
    """The patch replaces or removes a free property that the image does not have."""

    code = "no_such_property"


class PropertyExists(Conflict):
    """The older dialect adds only what is not there."""

    code = "property_exists"


@dataclass
class Draft:
    """An image while a patch is applied: base fields by their wire names, free properties, tags, locations."""

    base: dict[str, Any]
    properties: dict[str, str]
    tags: list[str]
    locations: list[Entry] = field(default_factory=list)

    def copy(self) -> "Draft":
        """One to change: what lies in the fields is replaced, never changed in place."""
        return Draft(dict(self.base), dict(self.properties), list(self.tags), list(self.locations))


def most_operations() -> int:
    """How many operations one patch may have."""
    quota = section(ImagesConfig).property_quota
    return UNBOUNDED if quota < 0 else max(AT_ONCE, 2 * quota)


def count_listed(values: Iterable[Any]) -> None:
    """TooMany when the lists among the values are together longer than a request may be: the quota of tags itself
    counts only what differs, and an image may be left with more by a quota that was larger once.
    """
    quota = section(ImagesConfig).tag_quota
    listed = sum(len(value) for value in values if isinstance(value, list))
    at_most(UNBOUNDED if quota < 0 else max(AT_ONCE, quota), listed, "tags")


def check(operations: Sequence[Operation]) -> None:
    """Whether the paths may be written at all and the values are legal, whatever the image; before it is locked.

    ReadOnly, Forbidden, InvalidPatch, InvalidImage, TooMany. Of locations only the paths are judged here.
    """
    count_listed(one.value for one in operations if not isinstance(one, Remove))
    for one in operations:
        if is_about(one.path):
            require_place(one)
            continue
        name = _name(one.path)
        if not isinstance(one, Remove):
            schemas.validate({name: one.value})


def apply(
    draft: Draft, operations: Iterable[Operation], *, actor: Actor, add_must_be_new: bool
) -> None:
    """Apply in order what `check` let pass; nothing is written, so a refusal leaves the image as it is.

    Forbidden for what this actor may not write, Conflict for properties that are (not) there. A property that the
    actor may not read is not there.
    """
    for one in operations:
        if is_about(one.path):
            draft.locations = applied(draft.locations, one)
            continue
        name = one.path[0]
        if isinstance(one, Remove):
            _remove(draft, name, actor)
            continue
        there = name in schemas.BASE or _sees(draft, name, actor)
        if isinstance(one, Add) and add_must_be_new and there:
            raise PropertyExists(f"property {name!r} exists already", property=name)
        if isinstance(one, Replace) and not there:
            raise NoSuchProperty(f"property {name!r} does not exist", property=name)
        _set(draft, name, one.value, actor)


def check_writable(name: str) -> None:
    """ReadOnly or Forbidden for names that are the service's own."""
    if name in schemas.READ_ONLY:
        raise ReadOnly(f"attribute {name!r} is read-only", property=name)
    if name in schemas.RESERVED or name.startswith(schemas.RESERVED_PREFIX):
        raise Forbidden(f"attribute {name!r} is reserved", property=name)


def _name(path: Pointer) -> str:
    name = path[0]
    check_writable(name)
    if len(path) != 1:
        raise InvalidPatch(f"path {'/' + '/'.join(path)!r} is too deep: fields are replaced whole")
    return name


def _sees(draft: Draft, name: str, actor: Actor) -> bool:
    return name in draft.properties and protections.allows(actor, PropertyAction.READ, name)


def _set(draft: Draft, name: str, value: Any, actor: Actor) -> None:
    if name == "owner" and not actor.is_admin:
        raise Forbidden("only an administrator may give an image to another project", property=name)
    if name == "tags":
        draft.tags = list(dict.fromkeys(value))
    elif name in schemas.BASE:
        draft.base[name] = whole(value)
    else:
        if not _sees(draft, name, actor):
            protections.require(actor, PropertyAction.CREATE, name)
        if name in draft.properties:
            protections.require(actor, PropertyAction.UPDATE, name)
        draft.properties[name] = "" if value is None else value


def _remove(draft: Draft, name: str, actor: Actor) -> None:
    if name in schemas.BASE:
        raise Forbidden(f"attribute {name!r} may not be removed", property=name)
    if not _sees(draft, name, actor):
        raise NoSuchProperty(f"property {name!r} does not exist", property=name)
    protections.require(actor, PropertyAction.DELETE, name)
    del draft.properties[name]
