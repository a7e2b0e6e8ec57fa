"""Index documents of artifacts; images add their own fields (`images.documents`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from typing_extensions import override

from artifacts import visibility
from artifacts.heat_templates import HEAT_TEMPLATES
from artifacts.models import Artifact, Member, Tag
from artifacts.types import ArtifactType
from artifacts.visibility import SHARED
from catalog.actors import Actor
from catalog.errors import Forbidden
from catalog.indexing.documents import Document, DocumentSource, Field, FieldType
from catalog.indexing.documents import register as register_source
from catalog.query import Expression, Nothing, all_of
from metadefs.enforcement import Governance, check
from metadefs.selectors import governance

VALIDITY = (
    Field("valid", FieldType.BOOLEAN, facet=True, label="valid"),
    Field("violated_properties", FieldType.KEYWORD, many=True, label="violated properties"),
)
"""By the namespaces that govern everybody's assets: whoever finds a document reads these, and may read no others."""


class ArtifactDocuments(DocumentSource):
    """Documents of one artifact type; ``properties`` are its free keys."""

    kind: ArtifactType = HEAT_TEMPLATES
    resource_type = HEAT_TEMPLATES.resource_type
    fields: tuple[Field, ...] = (*VALIDITY, Field("version", FieldType.KEYWORD))
    opened_by: ClassVar[Mapping[str, frozenset[str]]] = {
        "community": frozenset({"visibility", "id"})
    }

    @override
    def load(self, ids: Sequence[str]) -> Iterable[Document]:
        rows = {row.pk: row for row in Artifact.objects.filter(pk__in=ids, type=self.kind.name)}
        live = [pk for pk, row in rows.items() if row.deleted_at is None]
        rules = governance(self.kind.resource_type, None)
        tags = _grouped(
            Tag.objects.filter(artifact__in=live)
            .order_by("value")
            .values_list("artifact_id", "value")
        )
        members = _grouped(
            Member.objects.filter(artifact__in=live, status="accepted").values_list(
                "artifact_id", "member_id"
            )
        )
        for one in ids:
            row = rows.get(one)
            if row is None:
                yield Document(one, (1 << 62), None)
            elif row.deleted_at is not None:
                yield Document(one, row.doc_version, None)
            else:
                body = self.body(row, tags.get(one, []), members.get(one, []))
                yield Document(one, row.doc_version, body | _validity(row, rules))

    @override
    def all_ids(self) -> Iterator[str]:
        rows = Artifact.objects.filter(type=self.kind.name, deleted_at=None).order_by("id")
        return rows.values_list("id", flat=True).iterator(chunk_size=2000)

    def body(self, row: Artifact, tags: list[str], members: list[str]) -> dict[str, Any]:
        return {
            "id": row.pk,
            "resource_type": self.resource_type,
            "name": row.name,
            "version": row.version or None,
            "description": row.fields.get("description") or row.properties.get("description"),
            "status": row.status,
            "visibility": row.visibility,
            "owner": row.project_id,
            "project_id": row.project_id,
            "members": members if row.visibility == SHARED else [],
            "tags": tags,
            "protected": row.protected,
            "size": row.size,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "properties": row.properties,
            "property_text": [f"{k} {v}" for k, v in row.properties.items()],
        }

    @override
    def rights(self, actor: Actor) -> Expression:
        guard, project_id = self.kind.guard, actor.project_id
        try:
            guard.require_list(actor)
            shown = guard.shown(actor)
        except Forbidden:
            return Nothing()
        seen = visibility.findable(visibility.reach(actor), project_id)
        return all_of(seen, visibility.shown_documents(shown, project_id))

    @override
    def unlisted(self, actor: Actor) -> Mapping[str, Expression]:
        return {"community": visibility.unlisted(visibility.reach(actor), actor.project_id)}


def _validity(row: Artifact, rules: Governance) -> dict[str, Any]:
    broken = sorted({one.property for one in check(row.properties, rules)})
    return {"valid": not broken, "violated_properties": broken}


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def register() -> None:
    register_source(ArtifactDocuments())
