"""The kernel's rows: events (what happened), deliveries (who must still hear of it), jobs (work under way)."""

import uuid

from django.db import models
from typing_extensions import override

from catalog.clock import now
from catalog.fields import JSONField, KeyField


class Event(models.Model):
    """One change, written in the change's own transaction and never altered: history and audit trail."""

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField(default=now)
    kind = models.CharField(max_length=80)
    object_type = models.CharField(max_length=80)
    object_id = KeyField(max_length=255)
    project_id = models.CharField(max_length=255, null=True)
    actor_user_id = models.CharField(max_length=255, null=True)
    actor_project_id = models.CharField(max_length=255, null=True)
    request_id = models.CharField(max_length=80, default="", blank=True)
    changes = JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["object_type", "object_id", "id"], name="event_object"),
            models.Index(fields=["created_at"], name="event_created"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class Delivery(models.Model):
    """An entry of the outbox: `consumer` has not yet taken in the newest state of the object.

    Writers upsert the row and raise `generation`; a consumer claims it with a lease, works, and deletes it only
    while the generation is the one it claimed. Nothing is read by position, so commit order does not matter.
    Consumers take the deliveries of the projects in turn; those whose project nobody named (empty) are one more.
    """

    id = models.BigAutoField(primary_key=True)
    consumer = KeyField(max_length=40)
    topic = KeyField(max_length=80)
    object_id = KeyField(max_length=255)
    project_id = KeyField(max_length=255, default="", db_default="", blank=True)
    generation = models.BigIntegerField(default=1)
    due_at = models.DateTimeField(default=now)
    created_at = models.DateTimeField(default=now)
    lease_owner = models.CharField(max_length=120, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0)
    parked = models.BooleanField(default=False)
    error = models.TextField(default="", blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["consumer", "topic", "object_id"], name="delivery_object"
            ),
        ]
        indexes = [
            models.Index(
                fields=["consumer", "project_id", "due_at", "id"],
                name="delivery_turn",
                condition=models.Q(parked=False),
            ),
            models.Index(fields=["id"], name="delivery_parked", condition=models.Q(parked=True)),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.consumer}: {self.topic} {self.object_id}"


class Notice(models.Model):
    """A notification that has not been published yet; one delivery per object says that there are some."""

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField(default=now)
    object_type = KeyField(max_length=80)
    object_id = KeyField(max_length=255)
    event_type = models.CharField(max_length=80)
    priority = models.CharField(max_length=8)
    payload = JSONField()
    message_id = models.CharField(max_length=36)
    context = JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["object_type", "object_id", "id"], name="notice_object"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.event_type} {self.object_id}"


def job_id() -> str:
    return str(uuid.uuid4())


class Job(models.Model):
    """Work in the background: this row is the truth, a broker's message about it only a hint.

    Of one kind and key one job has begun at most, and one more waits. `steps_done` of a job that is failing are those
    that are still to be undone.
    """

    id = KeyField(primary_key=True, max_length=36, default=job_id)
    kind = models.CharField(max_length=80)
    state = models.CharField(max_length=16, default="queued")
    key = KeyField(max_length=255, null=True, blank=True)
    input = JSONField(default=dict)
    steps_done = JSONField(default=list)
    result = JSONField(default=dict)
    progress = models.FloatField(default=0.0)
    error_code = models.CharField(max_length=80, default="", blank=True)
    error = models.TextField(default="", blank=True)
    attempts = models.IntegerField(default=0)
    max_attempts = models.IntegerField(default=10)
    undo_attempts = models.IntegerField(default=0, db_default=0)
    run_after = models.DateTimeField(default=now)
    lease_owner = models.CharField(max_length=120, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    actor_user_id = models.CharField(max_length=255, null=True)
    actor_project_id = models.CharField(max_length=255, null=True)
    request_id = models.CharField(max_length=80, default="", blank=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                name="job_waiting_key",
                condition=models.Q(state="queued", attempts=0, key__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["kind", "key"],
                name="job_begun_key",
                condition=models.Q(key__isnull=False)
                & (
                    models.Q(state__in=["running", "failing"])
                    | models.Q(state="queued", attempts__gt=0)
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["run_after", "id"],
                name="job_open",
                condition=models.Q(state__in=["queued", "running", "failing"]),
            ),
            models.Index(fields=["created_at"], name="job_created"),
            models.Index(fields=["state", "created_at", "id"], name="job_state"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({self.state})"
