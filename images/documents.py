"""Index documents of images."""

from typing import Any, ClassVar

from typing_extensions import override

from artifacts.documents import VALIDITY, ArtifactDocuments
from artifacts.models import Artifact
from catalog.indexing.documents import Field, FieldType
from catalog.indexing.documents import register as register_source
from images.handler import IMAGES


class ImageDocuments(ArtifactDocuments):
    kind = IMAGES
    resource_type = IMAGES.resource_type
    fields: ClassVar[tuple[Field, ...]] = (
        *VALIDITY,
        Field("disk_format", FieldType.KEYWORD, facet=True),
        Field("container_format", FieldType.KEYWORD, facet=True),
        Field("min_disk", FieldType.LONG),
        Field("min_ram", FieldType.LONG),
        Field("os_hidden", FieldType.BOOLEAN),
        Field("checksum", FieldType.KEYWORD),
        Field("os_hash_value", FieldType.KEYWORD),
        Field("virtual_size", FieldType.LONG),
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
            "os_hidden": row.hidden,
            "checksum": row.fields.get("checksum"),
            "os_hash_value": row.fields.get("os_hash_value"),
            "virtual_size": row.fields.get("virtual_size"),
        }


def register() -> None:
    register_source(ImageDocuments())
