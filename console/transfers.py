"""An asset's bytes: how who looks at it gets them, and how those come that it waits for."""

import re
from dataclasses import dataclass
from functools import partial

from django.urls import reverse
from django.utils.translation import gettext as _
from starlette.requests import Request
from starlette.responses import Response

from artifacts.api import safe_content_type, streaming
from artifacts.api.v1 import data as blob_data
from artifacts.models import Artifact
from artifacts.selectors import artifact_for
from artifacts.types import ArtifactType, types
from catalog.actors import Actor
from catalog.api.delegated import Delegated, Send
from catalog.api.error_responses import ProblemDialect
from catalog.errors import CatalogError, Forbidden, NotFound
from images.api.v2 import data as image_data
from images.models import TYPE as IMAGE
from images.policies import ImageAction, ImagePolicy
from images.services.data import require_download

LONGEST_FILE_NAME = 200
"""Bytes: file systems take 255, and an ending follows."""
WAITING = "queued"
HEADER = '"X-Auth-Token: $(openstack token issue -f value -c id)"'


@dataclass(frozen=True, slots=True)
class Download:
    """The address that the session may read, and what to type instead."""

    address: str
    command: str


@dataclass(frozen=True, slots=True)
class Upload:
    """What to type; nothing for who may not send the data."""

    commands: tuple[str, ...]


def download(actor: Actor, kind: ArtifactType, row: Artifact, base_url: str) -> Download | None:
    """How the actor gets the bytes; None when there are none, or not for it. The command carries no token: addresses
    and commands are kept in histories and logs.
    """
    blob = row.blobs.filter(status="active").order_by("slot", "key").first()
    if blob is None:
        return None
    try:
        if row.type == IMAGE:
            require_download(row, actor=actor)
        else:
            kind.guard.require("download", row, actor)
    except (Forbidden, NotFound):
        return None
    name = _file_name(row, blob.slot)
    command = f"openstack image save --file {name} {row.pk}"
    if row.type != IMAGE:
        address = f"{base_url}/artifact/artifacts/{kind.name}/{row.pk}/{blob.slot}"
        command = f"curl --fail --header {HEADER} --output {name} {address}"
    return Download(reverse("data", args=[kind.resource_type, row.pk]), command)


def upload(actor: Actor, row: Artifact, base_url: str) -> Upload | None:
    """How an image that waits for data gets it; None for everything else."""
    if row.type != IMAGE or row.status != WAITING:
        return None
    first: tuple[str, ...] = ()
    if not (row.disk_format and row.container_format):
        formats = "--disk-format qcow2 --container-format bare"
        first = (f"openstack image set {formats} {row.pk}",)
    try:
        ImagePolicy(actor).require(ImageAction.UPLOAD, row)
    except (Forbidden, NotFound):
        return Upload(())
    address = f"{base_url}/image/v2/images/{row.pk}/file"
    octets = '"Content-Type: application/octet-stream"'
    send = f"curl --fail --header {HEADER} --header {octets} --upload-file disk.img {address}"
    return Upload((*first, send))


def data(actor: Actor, resource_type: str, asset_id: str) -> Delegated:
    """The bytes of the asset's first blob, as the APIs give them to this actor. NotFound, Forbidden, BytesLost."""
    kind = next((one for one in types().values() if one.resource_type == resource_type), None)
    if kind is None:
        raise NotFound(_("There is no type of this name."), type=resource_type)
    row = artifact_for(actor, asset_id, type=kind.name)
    blob = row.blobs.filter(status="active").order_by("slot", "key").first()
    if blob is None:
        raise NotFound(_("It has no data yet."), id=row.pk)
    name = _file_name(row, blob.slot)
    if row.type != IMAGE:
        location = blob_data.readable(actor, kind, row, blob.slot)
        return Delegated(partial(_saved, name, lambda one: blob_data.sent(one, location)))
    found = image_data.readable(actor, row.pk)
    if found is None:
        raise NotFound(_("It has no data yet."), id=row.pk)
    return Delegated(partial(_saved, name, lambda one: image_data.sent(one, found)))


async def _saved(name: str, sent: Send, request: Request) -> Response:
    """The bytes, for a browser to save."""
    try:
        response = await sent(request)
    except CatalogError as error:
        return streaming.error_response(error, request, ProblemDialect())
    response.headers.update(safe_content_type.HEADERS)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _file_name(row: Artifact, slot: str) -> str:
    """A name that every shell and file system takes as it is."""
    ending = row.disk_format if row.type == IMAGE else slot
    words = re.sub(r"[^a-z0-9._]+", "-", (row.name or "").lower()).strip("-.")
    text = words[:LONGEST_FILE_NAME].rstrip("-.") or row.pk
    return text if ending is None or text.endswith(f".{ending}") else f"{text}.{ending}"
