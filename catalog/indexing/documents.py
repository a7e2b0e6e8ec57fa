"""The port between the apps and the search index: apps declare documents, `search` stores and finds them.

An app registers one `DocumentSource` per resource type (`OS::Glance::Image`, …). Every document has, beside the
fields its source declares, these fields of all sources (`COMMON`): they carry the rights and the page for people.
Free properties lie under ``properties`` as ``{key: text}``; keys whose type everybody's namespaces declare are also
indexed by that type (`declared`), so they are ranged, sorted and ranked as numbers or times.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from catalog.actors import Actor
from catalog.query import Expression
from catalog.registry import Registry, same_class


class FieldType(StrEnum):
    KEYWORD = "keyword"
    TEXT = "text"
    LONG = "long"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a document. `free_text`: a search without a field name looks here, with `boost`; a TEXT field also has
    an exact, sortable `.raw` twin. `facet`: offered with counts. `hidden`: for rights only; callers may
    neither name nor see it.
    """

    name: str
    type: FieldType
    many: bool = False
    facet: bool = False
    free_text: bool = False
    boost: float = 1.0
    hidden: bool = False
    label: str = ""


K, T, L, B, D = FieldType.KEYWORD, FieldType.TEXT, FieldType.LONG, FieldType.BOOLEAN, FieldType.DATE

COMMON: tuple[Field, ...] = (
    Field("id", K, free_text=True),
    Field("resource_type", K, facet=True),
    Field("name", T, free_text=True, boost=4.0),
    Field("description", T, free_text=True),
    Field("status", K, facet=True),
    Field("visibility", K, facet=True),
    Field("owner", K),
    Field("project_id", K),
    Field("members", K, many=True, hidden=True),
    Field("tags", K, many=True, facet=True, free_text=True, boost=2.0),
    Field("protected", B),
    Field("size", L),
    Field("created_at", D),
    Field("updated_at", D),
    Field("property_text", T, many=True, free_text=True, hidden=True),
)


@dataclass(frozen=True, slots=True)
class Document:
    """What the index should hold of an object now. `version` is the row's `doc_version`; `body` None: it is gone."""

    id: str
    version: int
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What of a type's documents is kept from an actor who finds them: it is as if they did not hold it.

    `property`: whether a free property of this name is kept. `fields`: fields that are kept. `text`: the documents
    whose `property_text` may be searched, over their own fields (None: all).
    """

    property: Callable[[str], bool]
    fields: frozenset[str] = frozenset()
    text: Expression | None = None


class DocumentSource(ABC):
    """One resource type of the index."""

    resource_type: ClassVar[str]
    fields: tuple[Field, ...] = ()
    opened_by: ClassVar[Mapping[str, frozenset[str]]] = {}
    """What a question leaves out unless it opens it, by name: by the request's parameter of this name, or by comparing
    one of these fields with values where that must hold.
    """

    @abstractmethod
    def load(self, ids: Sequence[str]) -> Iterable[Document]:
        """The newest state of each id; an id that has no row at all yields a Document with body None and version
        larger than any it had. Version and body come from one SELECT.
        """

    @abstractmethod
    def all_ids(self) -> Iterator[str]:
        """Every id that has a document, for a rebuild."""

    @abstractmethod
    def rights(self, actor: Actor) -> Expression:
        """What of this type the actor may find, over the document's own fields: `Nothing` for one who may not list it.
        An administrator who asks about its own project alone is no administrator here.
        """

    def unlisted(self, actor: Actor) -> Mapping[str, Expression]:
        """The documents behind each name of `opened_by`, of those that the actor may find."""
        return {}

    def kept(self, actor: Actor) -> Kept | None:
        """What is kept from this actor of the documents that it finds; None: nothing."""
        return None

    def present(self, body: dict[str, Any], actor: Actor) -> dict[str, Any]:
        """The body as this actor may see it; hidden fields are taken out already."""
        return body


_sources: Registry[DocumentSource] = Registry("document source", same=same_class)
_declared: list[Callable[[], Mapping[str, FieldType]]] = []


def register(source: DocumentSource) -> None:
    """Make a source known; called from `AppConfig.ready`."""
    _sources.register(source.resource_type, source)


def sources() -> Mapping[str, DocumentSource]:
    return _sources


def lent(resource_type: str) -> frozenset[str]:
    """Names that are fields of other types alone. What a document of this type has under such a name is a property, and
    it is found, sorted and counted by the bare name as well.
    """
    if resource_type not in _sources:
        return frozenset()
    own = {one.name for one in (*COMMON, *_sources[resource_type].fields)}
    others = (one for source in _sources.values() for one in source.fields if not one.hidden)
    return frozenset(one.name for one in others if one.name not in own)


def register_declared(provider: Callable[[], Mapping[str, FieldType]]) -> None:
    """Name a provider of declared property types (`hw_cpu_cores` → LONG); metadefs is the one there is."""
    if provider not in _declared:
        _declared.append(provider)


def declared() -> dict[str, FieldType]:
    """Property keys with the type that namespaces declare for them; a key declared in two ways is left a keyword."""
    found: dict[str, FieldType] = {}
    for provider in _declared:
        found.update(provider())
    return found
