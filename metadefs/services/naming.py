"""What names of definitions may be, and what the services say of names taken or missing."""

from collections.abc import Sized
from typing import TypeVar

from django.db.models import Model, QuerySet

from catalog.errors import Duplicate, NotFound, Protected
from catalog.names import require_addressable
from metadefs.errors import InvalidDefinition
from metadefs.models import NAME_LENGTH, Namespace

MOST = 2000
M = TypeVar("M", bound=Model)


def check_name(kind: str, name: str) -> None:
    """InvalidDefinition for a name that is empty, too long, or that no database could hold."""
    if not name.strip():
        raise InvalidDefinition(f"the {kind}'s name must not be empty", rule="name")
    if len(name) > NAME_LENGTH:
        raise InvalidDefinition(
            f"the {kind}'s name is longer than {NAME_LENGTH} characters", rule="name"
        )
    if "\x00" in name:
        raise InvalidDefinition(f"the {kind}'s name must not hold NUL", rule="name")
    if kind == "namespace" and "/" in name:
        raise InvalidDefinition("the namespace's name must not hold a slash", rule="name")


def check_new_name(kind: str, name: str, *, instead_of: str = "") -> None:
    """InvalidName for a name that no address could carry; what keeps its name may have any, and so may files."""
    if name != instead_of:
        require_addressable(name, kind)


def check_number(names: Sized) -> None:
    """InvalidDefinition for more than one request may make: nothing else changes meanwhile."""
    if len(names) > MOST:
        raise InvalidDefinition(f"at most {MOST} of a kind can be made at once", rule="number")


def taken(namespace: Namespace, kind: str, name: str) -> Duplicate:
    return Duplicate(
        f"namespace {namespace.namespace!r} has the {kind} {name!r} already",
        namespace=namespace.namespace,
        name=name,
    )


def child(rows: QuerySet[M], namespace: Namespace, kind: str, name: str) -> M:
    """The row of this name, or NotFound."""
    found = None if "\x00" in name else rows.filter(name=name).first()
    if found is None:
        raise NotFound(
            f"namespace {namespace.namespace!r} has no {kind} {name!r}",
            namespace=namespace.namespace,
            name=name,
        )
    return found


def refuse_protected(namespace: Namespace) -> None:
    """Protected when the namespace forbids deletion, its own and that of anything in it."""
    if namespace.protected:
        raise Protected(
            f"namespace {namespace.namespace!r} is protected: nothing in it can be deleted",
            namespace=namespace.namespace,
        )


def absent_association(namespace: Namespace, name: str) -> NotFound:
    return NotFound(
        f"namespace {namespace.namespace!r} is not associated with {name!r}",
        namespace=namespace.namespace,
        name=name,
    )
