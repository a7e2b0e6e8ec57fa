"""Artifacts of every type in one table, their bytes in three layers: Blob → Location → StoredObject."""

import uuid

from django.db import models
from django.db.models import Case, Q, Value, When
from typing_extensions import override

from artifacts import sorting
from artifacts.properties import DIGESTS, field_text
from catalog.clock import now
from catalog.fields import JSONField, KeyField


def artifact_id() -> str:
    return str(uuid.uuid4())


LISTED = Q(deleted_at__isnull=True) & Q(hidden=False)
EVERYBODYS = Q(revision__gte=1)
"""True of every row. The indexes over everybody's rows ask for it, so that only lists over everybody's rows use them.

PostgreSQL guesses from the first sort key how many rows follow a marker. Where most rows share a status it guesses next
to none, and would walk everybody's rows for a project's page.
"""


def _sort_indexes() -> list[models.Index]:
    """Per declared sort: everything of a type, one project's, and the public ones; each ends in `id`."""
    found: list[models.Index] = []
    for key in sorting.KEYS:
        tail = [sorting.KEYS[column] for column in sorting.columns(key)]
        found += [
            models.Index(
                "type", *tail, name=f"artifact_all_{key}"[:30], condition=LISTED & EVERYBODYS
            ),
            models.Index(
                "type", "project_id", *tail, name=f"artifact_own_{key}"[:30], condition=LISTED
            ),
            models.Index(
                "type", *tail, name=f"artifact_pub_{key}"[:30], condition=LISTED & Q(public=True)
            ),
        ]
    return found


class Artifact(models.Model):
    """One asset. Rows outlive deletion as tombstones, so that an id is never used again (OSSN-0075).

    `id` is in small letters; `given_id` is how it was given, where that was otherwise.
    """

    id = KeyField(primary_key=True, max_length=36, default=artifact_id)
    given_id = KeyField(max_length=36, null=True, blank=True)
    type = KeyField(max_length=64)
    name = KeyField(max_length=255, null=True, blank=True)
    version = KeyField(max_length=64, default="", blank=True)
    project_id = KeyField(max_length=255, null=True, blank=True)
    visibility = KeyField(max_length=16, default="private")
    status = KeyField(max_length=32)
    protected = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False)
    public = models.GeneratedField(
        expression=Case(When(visibility="public", then=Value(True)), default=Value(False)),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    size = models.BigIntegerField(null=True, blank=True)
    disk_format = KeyField(max_length=20, null=True, blank=True)
    container_format = KeyField(max_length=20, null=True, blank=True)
    min_disk = models.IntegerField(default=0)
    min_ram = models.IntegerField(default=0)
    fields = JSONField(default=dict, blank=True)
    properties = JSONField(default=dict, blank=True)
    violations = JSONField(default=list, blank=True)
    checked_epoch = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(default=1)
    doc_version = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)
    activated_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    scrubbed_at = models.DateTimeField(null=True, blank=True)
    restores_to = KeyField(max_length=32, default="", db_default="", blank=True)
    created_by = models.CharField(max_length=255, null=True, blank=True)
    updated_by = models.CharField(max_length=255, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["type", "name", "version", "project_id"],
                name="artifact_unique_version",
                condition=Q(deleted_at__isnull=True) & ~Q(version=""),
            ),
            models.CheckConstraint(condition=EVERYBODYS, name="artifact_revision"),
        ]
        indexes = [
            *_sort_indexes(),
            models.Index(
                "type",
                "visibility",
                "created_at",
                "id",
                name="artifact_visibility",
                condition=LISTED,
            ),
            models.Index(
                "type",
                "project_id",
                "created_at",
                "id",
                name="artifact_hidden",
                condition=Q(deleted_at__isnull=True) & Q(hidden=True),
            ),
            models.Index(
                "type",
                "checked_epoch",
                "id",
                name="artifact_epoch",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                "type",
                "project_id",
                "status",
                name="artifact_usage",
                condition=Q(scrubbed_at__isnull=True),
            ),
            models.Index(
                "deleted_at",
                name="artifact_scrub",
                condition=Q(deleted_at__isnull=False, scrubbed_at__isnull=True),
            ),
            models.Index(
                "scrubbed_at",
                name="artifact_tombstone",
                condition=Q(scrubbed_at__isnull=False),
            ),
            *(
                models.Index(field_text(field), name=name, condition=LISTED)
                for field, name in DIGESTS.items()
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.type} {self.name or self.id}"

    def give_id(self, text: str) -> None:
        """Let it have this id, and remember its spelling."""
        self.id = text.lower()
        self.given_id = text if text != self.id else None

    @property
    def spelt_id(self) -> str:
        """The id as it was given."""
        return self.given_id or self.id


class Tag(models.Model):
    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="tags")
    value = KeyField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["artifact", "value"], name="tag_unique")]
        indexes = [models.Index(fields=["value", "artifact"], name="tag_value")]

    @override
    def __str__(self) -> str:
        return self.value


class Member(models.Model):
    """A project that an artifact is shared with, and what the project said to it."""

    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="members")
    member_id = KeyField(max_length=255)
    status = KeyField(max_length=16, default="pending")
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["artifact", "member_id"], name="member_unique")
        ]
        indexes = [models.Index(fields=["member_id", "status", "artifact"], name="member_status")]

    @override
    def __str__(self) -> str:
        return f"{self.member_id} ({self.status})"


class StoredObject(models.Model):
    """Bytes as they lie in a store. `writing` holds a lease that the upload renews while bytes come, so that
    a reaper can tell slow from dead; `deleting` means: nobody refers to it, the bytes may go at any time.
    """

    id = models.BigAutoField(primary_key=True)
    store = KeyField(max_length=64)
    key = KeyField(max_length=255)
    state = KeyField(max_length=16, default="writing")
    size = models.BigIntegerField(null=True)
    md5 = models.CharField(max_length=32, default="", blank=True)
    sha512 = models.CharField(max_length=128, default="", blank=True)
    references = models.IntegerField(default=0)
    lease_owner = models.CharField(max_length=120, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "key"], name="stored_object_key")]
        indexes = [
            models.Index(
                fields=["lease_until"], name="stored_object_open", condition=~Q(state="stored")
            ),
            models.Index(fields=["sha512"], name="stored_object_sha512"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.store}:{self.key}"


class Blob(models.Model):
    """One named slot of an artifact that holds bytes; `key` names an entry when the slot is a folder."""

    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="blobs")
    slot = KeyField(max_length=64)
    key = KeyField(max_length=255, default="", blank=True)
    status = KeyField(max_length=16, default="saving")
    content_type = models.CharField(max_length=255, default="application/octet-stream")
    upload = models.ForeignKey(
        StoredObject, null=True, blank=True, on_delete=models.SET_NULL, related_name="uploads"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["artifact", "slot", "key"], name="blob_slot")
        ]

    @override
    def __str__(self) -> str:
        return f"{self.artifact_id}/{self.slot}"


class Location(models.Model):
    """Where a blob's bytes can be read."""

    blob = models.ForeignKey(Blob, on_delete=models.CASCADE, related_name="locations")
    stored_object = models.ForeignKey(
        StoredObject, null=True, blank=True, on_delete=models.PROTECT, related_name="locations"
    )
    store = KeyField(max_length=64)
    url = models.TextField()
    metadata = JSONField(default=dict, blank=True)
    status = KeyField(max_length=16, default="active")
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["blob", "id"], name="location_blob")]

    @override
    def __str__(self) -> str:
        return self.url


class Alias(models.Model):
    """A name that leads to one artifact now and to another later: a project's own, or for everybody.

    `target` is null once what it led to is no longer kept even as a tombstone.
    """

    id = KeyField(primary_key=True, max_length=36, default=artifact_id)
    type = KeyField(max_length=64)
    name = KeyField(max_length=255)
    project_id = KeyField(max_length=255)
    visibility = KeyField(max_length=16, default="private")
    target = models.ForeignKey(
        Artifact, null=True, blank=True, on_delete=models.SET_NULL, related_name="aliases"
    )
    revision = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)
    created_by = models.CharField(max_length=255, null=True, blank=True)
    updated_by = models.CharField(max_length=255, null=True, blank=True)

    class Meta:
        verbose_name_plural = "aliases"
        constraints = [
            models.UniqueConstraint(fields=["type", "project_id", "name"], name="alias_name"),
            models.UniqueConstraint(
                fields=["type", "name"], name="alias_public_name", condition=Q(visibility="public")
            ),
        ]
        indexes = [models.Index(fields=["type", "name", "id"], name="alias_order")]

    @override
    def __str__(self) -> str:
        return self.name


class AliasMove(models.Model):
    """Where an alias led from a moment on, and who said so."""

    id = models.BigAutoField(primary_key=True)
    alias = models.ForeignKey(Alias, on_delete=models.CASCADE, related_name="moves")
    target = models.ForeignKey(Artifact, null=True, on_delete=models.SET_NULL, related_name="+")
    moved_at = models.DateTimeField(default=now)
    moved_by = models.CharField(max_length=255, null=True)
    moved_by_project = models.CharField(max_length=255, null=True)

    class Meta:
        indexes = [models.Index(fields=["alias", "id"], name="alias_move_order")]

    @override
    def __str__(self) -> str:
        return f"{self.alias_id} → {self.target_id}"


class UploadSession(models.Model):
    """An upload that may be cut and resumed: `received` of `length` bytes lie in parts, each a stored object.

    A writer holds the lease. `done`: the bytes are the artifact's; the row tells late askers so until it expires.
    """

    id = KeyField(primary_key=True, max_length=36, default=artifact_id)
    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="upload_sessions")
    slot = KeyField(max_length=64)
    store = KeyField(max_length=64)
    state = KeyField(max_length=16, default="open")
    length = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    digests = JSONField(default=dict, blank=True)
    client_metadata = models.TextField(default="", blank=True)
    lease_owner = models.CharField(max_length=120, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)
    created_by = models.CharField(max_length=255, null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["artifact", "slot"], name="upload_session_open", condition=Q(state="open")
            )
        ]
        indexes = [models.Index(fields=["expires_at"], name="upload_session_expiry")]

    @override
    def __str__(self) -> str:
        return f"{self.artifact_id}/{self.slot}: {self.received} of {self.length}"


class UploadPart(models.Model):
    """Some of a session's bytes, from `start` on."""

    session = models.ForeignKey(UploadSession, on_delete=models.CASCADE, related_name="parts")
    stored_object = models.ForeignKey(StoredObject, on_delete=models.PROTECT, related_name="parts")
    start = models.BigIntegerField()
    size = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "start"], name="upload_part_start")
        ]

    @override
    def __str__(self) -> str:
        return f"{self.session_id}+{self.start}"
