"""What administrators say about the service catalog; the rest follows from the configuration.

A row whose id is that of a configured service, endpoint or region takes its place; with `removed` nothing does.
"""

from django.db import models
from typing_extensions import override

from catalog.fields import JSONField, KeyField
from identity.models.names import new_id

INTERFACES = ("public", "internal", "admin")


class Region(models.Model):
    """A place where endpoints are; its id is chosen by who makes it."""

    id = KeyField(primary_key=True, max_length=255, default=new_id)
    description = models.TextField(default="", blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    extra = JSONField(default=dict, blank=True)
    removed = models.BooleanField(default=False, editable=False)

    @override
    def __str__(self) -> str:
        return self.id


class Service(models.Model):
    """Something with an API, by its type: `image`, `compute`."""

    id = KeyField(primary_key=True, max_length=64, default=new_id, editable=False)
    type = KeyField(max_length=255)
    name = KeyField(max_length=255, default="", blank=True)
    description = models.TextField(default="", blank=True)
    enabled = models.BooleanField(default=True)
    extra = JSONField(default=dict, blank=True)
    removed = models.BooleanField(default=False, editable=False)

    @override
    def __str__(self) -> str:
        return self.name or self.type


class Endpoint(models.Model):
    """An address of a service; one that begins with a slash is a path on this service."""

    id = KeyField(primary_key=True, max_length=64, default=new_id, editable=False)
    service = models.ForeignKey(Service, models.CASCADE, related_name="endpoints")
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="endpoints"
    )
    interface = KeyField(max_length=8)
    url = models.TextField()
    enabled = models.BooleanField(default=True)
    extra = JSONField(default=dict, blank=True)
    removed = models.BooleanField(default=False, editable=False)

    @override
    def __str__(self) -> str:
        return f"{self.interface} {self.url}"
