"""Index documents of images."""

from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override

from artifacts.documents import VALIDITY, ArtifactDocuments
from artifacts.models import Artifact
from catalog.actors import Actor
from catalog.indexing.documents import Field, FieldType, Kept
from catalog.indexing.documents import register as register_source
from catalog.query import Expression, Term
from images import protections
from images.artifact_type import IMAGES
from images.protections import PropertyAction
from images.schemas import OTHERWISE

RULES = "property_rules"
HIDDEN = "os_hidden"
DESCRIPTION, VIOLATED = "description", "violated_properties"


class ImageDocuments(ArtifactDocuments):
    """Property protections hold in the index too. What is asked by a property's name is judged when it is asked;
    words are judged when they are indexed: `property_text` has the properties that everybody may read, and
    `property_rules` says by which rules. Documents of older rules are found by no word of a property; the label of
    that field makes the layout another one, so that the index is built anew.
    """

    kind = IMAGES
    resource_type = IMAGES.resource_type

    opened_by: ClassVar[Mapping[str, frozenset[str]]] = {
        **ArtifactDocuments.opened_by,
        HIDDEN: frozenset({HIDDEN, "id"}),
    }

    def __init__(self) -> None:
        self.fields = (
            *VALIDITY,
            Field("disk_format", FieldType.KEYWORD, facet=True),
            Field("container_format", FieldType.KEYWORD, facet=True),
            Field("min_disk", FieldType.LONG),
            Field("min_ram", FieldType.LONG),
            Field(HIDDEN, FieldType.BOOLEAN),
            Field("checksum", FieldType.KEYWORD),
            Field("os_hash_value", FieldType.KEYWORD),
            Field("virtual_size", FieldType.LONG),
            Field(OTHERWISE, FieldType.KEYWORD),
            Field(RULES, FieldType.KEYWORD, hidden=True, label=protections.fingerprint()),
        )

    @override
    def body(self, row: Artifact, tags: list[str], members: list[str]) -> dict[str, Any]:
        found = super().body(row, tags, members)
        del found["version"]
        return found | {
            "disk_format": row.disk_format,
            "container_format": row.container_format,
            "min_disk": row.min_disk,
            "min_ram": row.min_ram,
            HIDDEN: row.hidden,
            "checksum": row.fields.get("checksum"),
            "os_hash_value": row.fields.get("os_hash_value"),
            "virtual_size": row.fields.get("virtual_size"),
            OTHERWISE: row.fields.get(OTHERWISE),
            "property_text": [
                f"{k} {v}" for k, v in row.properties.items() if protections.open_to_all(k)
            ],
            RULES: protections.fingerprint() or None,
        }

    @override
    def unlisted(self, actor: Actor) -> Mapping[str, Expression]:
        return {**super().unlisted(actor), HIDDEN: Term(HIDDEN, True)}

    @override
    def kept(self, actor: Actor) -> Kept | None:
        if protections.rules() is None:
            return None

        def unreadable(key: str) -> bool:
            return not protections.allows(actor, PropertyAction.READ, key)

        fields = set() if protections.reads_all(actor) else {VIOLATED}
        if unreadable(DESCRIPTION):
            fields.add(DESCRIPTION)
        return Kept(
            property=unreadable,
            fields=frozenset(fields),
            text=Term(RULES, protections.fingerprint()),
        )

    @override
    def present(self, body: dict[str, Any], actor: Actor) -> dict[str, Any]:
        body = super().present(body, actor)
        if protections.rules() is None:
            return body
        shown = body | {"properties": protections.readable(actor, body.get("properties") or {})}
        names = dict.fromkeys(body.get(VIOLATED) or ())
        shown[VIOLATED] = list(protections.readable(actor, names))
        if not protections.allows(actor, PropertyAction.READ, DESCRIPTION):
            shown[DESCRIPTION] = None
        return shown


def register() -> None:
    register_source(ImageDocuments())
