"""An image's data: what is checked before the first byte, and what is known after the last."""

from collections.abc import Mapping
from typing import Any

from artifacts.models import Artifact
from artifacts.services import uploads
from artifacts.services.uploads import Upload
from catalog.actors import Actor
from catalog.errors import Forbidden, Invalid
from images.handler import IMAGES
from images.lifecycle import DEACTIVATED
from images.models import SLOT
from images.policies import ImageAction, ImagePolicy
from stores import Ingested


class FormatsMissing(Invalid):
    """Data needs a disk format and a container format first."""

    code = "formats_missing"


def begin_upload(image: Artifact, *, actor: Actor, store: str | None) -> Upload:
    """Everything that can be refused is refused here, before a byte is read."""
    ImagePolicy(actor).require(ImageAction.UPLOAD, image)
    if image.status == "queued" and not (image.disk_format and image.container_format):
        raise FormatsMissing(
            "disk_format and container_format must be set before data is uploaded", id=image.pk
        )
    IMAGES.machine.target("upload", image.status)
    return uploads.begin(image, kind=IMAGES, slot=SLOT, actor=actor, store=store)


def finish_upload(upload: Upload, content: Ingested, *, actor: Actor) -> Artifact:
    """The image is active, with size, md5 and sha512 of what was stored."""

    def known(image: Artifact) -> Mapping[str, Any]:
        fields = {
            **image.fields,
            "checksum": content.digests["md5"],
            "os_hash_algo": "sha512",
            "os_hash_value": content.digests["sha512"],
            "stores": [upload.store],
        }
        if image.disk_format == "raw":
            fields["virtual_size"] = content.size
        return {"size": content.size, "fields": fields}

    return uploads.finish(upload, content, actor=actor, values=known)


def require_download(image: Artifact, *, actor: Actor) -> None:
    """Nothing, or Forbidden: by policy, or because the image is deactivated and the caller no administrator."""
    ImagePolicy(actor).require(ImageAction.DOWNLOAD, image)
    if image.status == DEACTIVATED and not actor.is_admin:
        raise Forbidden("the image is deactivated; its data cannot be downloaded", id=image.pk)
