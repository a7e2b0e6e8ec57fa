"""Definitions: namespaces with properties, objects and tags, and the resource types they govern.

A definition of a property is kept as the JSON that the Images API shows (`metadefs.schema` reads it).
"""

from django.db import models
from typing_extensions import override

from catalog.clock import now
from catalog.fields import JSONField, KeyField

NAME_LENGTH = 80


def visibility_choices() -> list[tuple[str, str]]:
    return [("public", "public"), ("private", "private")]


def mode_choices() -> list[tuple[str, str]]:
    return [("enforce", "enforce"), ("warn", "warn"), ("off", "off")]


class Epoch(models.Model):
    """One row (id 1): counts the changes of definitions. `token` is never the same twice, also
    after a rollback, so caches go by it; `value` says which of two checks is the older one.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    value = models.BigIntegerField(default=0)
    token = models.CharField(max_length=36, default="")

    @override
    def __str__(self) -> str:
        return str(self.value)


class Namespace(models.Model):
    """A named set of definitions. Without an owner, or when public, it is everybody's."""

    namespace = KeyField(max_length=NAME_LENGTH, unique=True)
    display_name = KeyField(max_length=NAME_LENGTH, null=True, blank=True)
    description = models.TextField(null=True, blank=True)
    visibility = KeyField(max_length=32, default="private", choices=visibility_choices)
    protected = models.BooleanField(default=False)
    owner = KeyField(max_length=255, null=True, blank=True)
    revision = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["visibility", "created_at", "id"], name="namespace_visibility"),
            models.Index(fields=["owner", "created_at", "id"], name="namespace_owner"),
        ]

    @override
    def __str__(self) -> str:
        return self.namespace


class Property(models.Model):
    """The definition of one key; the key that assets use is the association's prefix + `name`."""

    namespace = models.ForeignKey(Namespace, on_delete=models.CASCADE, related_name="properties")
    name = KeyField(max_length=NAME_LENGTH)
    definition = JSONField(default=dict)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "properties"
        constraints = [
            models.UniqueConstraint(fields=["namespace", "name"], name="metadef_property_unique"),
        ]

    @override
    def __str__(self) -> str:
        return self.name


class Object(models.Model):
    """A named group of property definitions; `required` counts once any of its keys is set."""

    namespace = models.ForeignKey(
        Namespace, on_delete=models.CASCADE, related_name="objects_defined"
    )
    name = KeyField(max_length=NAME_LENGTH)
    description = models.TextField(null=True, blank=True)
    required = JSONField(default=list, blank=True)
    properties = JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["namespace", "name"], name="metadef_object_unique"),
        ]

    @override
    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word that the namespace suggests for tagging; it governs nothing."""

    namespace = models.ForeignKey(Namespace, on_delete=models.CASCADE, related_name="tags")
    name = KeyField(max_length=NAME_LENGTH)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["namespace", "name"], name="metadef_tag_unique"),
        ]

    @override
    def __str__(self) -> str:
        return self.name


class ResourceType(models.Model):
    """A kind of asset that namespaces may govern: `OS::Glance::Image`, `OS::Nova::Flavor`, …"""

    name = KeyField(max_length=NAME_LENGTH, unique=True)
    protected = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    @override
    def __str__(self) -> str:
        return self.name


class Association(models.Model):
    """That a namespace governs a resource type, under which prefix, and how severely."""

    namespace = models.ForeignKey(Namespace, on_delete=models.CASCADE, related_name="associations")
    resource_type = models.ForeignKey(
        ResourceType, on_delete=models.PROTECT, related_name="associations"
    )
    prefix = models.CharField(max_length=NAME_LENGTH, null=True, blank=True)
    properties_target = models.CharField(max_length=NAME_LENGTH, null=True, blank=True)
    mode = models.CharField(max_length=8, default="enforce", choices=mode_choices)
    strict = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "resource_type"], name="metadef_association_unique"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.namespace} → {self.resource_type}"
