"""An image is an artifact of type `images`."""

from typing import Any, ClassVar

from django.db import models
from typing_extensions import override

from artifacts.models import Artifact
from catalog.fields import KeyField

TYPE = "images"
SLOT = "image"


class ImageManager(models.Manager["Image"]):
    @override
    def get_queryset(self) -> models.QuerySet["Image"]:
        return super().get_queryset().filter(type=TYPE)


class Image(Artifact):
    objects: ClassVar[models.Manager[Any]] = ImageManager()

    known_tags: list[str] | None = None
    """The tags in order, where the service that gives the image out has them at hand."""

    class Meta:
        proxy = True


class RegisteredLimit(models.Model):
    """What each project may have of a resource, unless it has a limit of its own; negative: no limit."""

    resource = KeyField(primary_key=True, max_length=64)
    limit = models.BigIntegerField()

    @override
    def __str__(self) -> str:
        return f"{self.resource}: {self.limit}"


class ProjectLimit(models.Model):
    """What one project may have of a resource."""

    project_id = KeyField(max_length=255)
    resource = KeyField(max_length=64)
    limit = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project_id", "resource"], name="project_limit_unique")
        ]

    @override
    def __str__(self) -> str:
        return f"{self.project_id} {self.resource}: {self.limit}"
