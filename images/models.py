"""An image is an artifact of type `images`."""

from typing import Any, ClassVar

from django.db import models
from typing_extensions import override

from artifacts.models import Artifact

TYPE = "images"
SLOT = "image"


class ImageManager(models.Manager["Image"]):
    @override
    def get_queryset(self) -> models.QuerySet["Image"]:
        return super().get_queryset().filter(type=TYPE)


class Image(Artifact):
    objects: ClassVar[models.Manager[Any]] = ImageManager()

    class Meta:
        proxy = True
