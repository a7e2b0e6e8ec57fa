"""How many bytes of metadata an artifact may have."""

from typing import Any

import orjson

from artifacts.conf import ArtifactsConfig
from catalog.conf import section
from catalog.errors import MetadataTooLarge

RESOURCE = "metadata_bytes"


def bytes_of(*parts: Any) -> int:
    """How many bytes the parts take as JSON."""
    return len(orjson.dumps(parts))


def require_within_limit(asked: int, *, used: int = 0) -> None:
    """MetadataTooLarge when what is said takes more bytes than it may, and more than the `used` ones it took before."""
    limit = section(ArtifactsConfig).metadata_limit
    if asked > limit and asked > used:
        raise MetadataTooLarge(
            f"properties and tags may take {limit} bytes together, not {asked}",
            resource=RESOURCE,
            limit=limit,
            used=used,
            asked=asked,
        )
