"""Application credentials: a program signs in as a user, on one project, without the user's password."""

from typing import ClassVar

from django.db import models
from typing_extensions import override

from catalog.clock import now
from catalog.fields import KeyField
from identity.models.names import Project, Role, new_id
from identity.models.people import User


class ApplicationCredential(models.Model):
    """A secret that stands for `user` on `project`, with some of the roles that the user has there.

    `secret` is a hash: ``sha256$…`` of a generated secret, which is long and random, else as passwords are kept.
    """

    id = KeyField(primary_key=True, max_length=64, default=new_id, editable=False)
    name = KeyField(max_length=255)
    user = models.ForeignKey(User, models.CASCADE, related_name="application_credentials")
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    description = models.TextField(default="", blank=True)
    secret = models.CharField(max_length=255, editable=False)
    unrestricted = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    roles: ClassVar[models.ManyToManyField[Role, models.Model]] = models.ManyToManyField(
        Role, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="credential_name_of_user"),
        ]

    @override
    def __str__(self) -> str:
        return self.name
