"""What signing in leaves behind: tokens, failures, known addresses."""

from django.db import models
from typing_extensions import override

from catalog.clock import now
from catalog.fields import JSONField, KeyField
from identity.models.credentials import ApplicationCredential
from identity.models.names import Domain, Project
from identity.models.people import User


class Token(models.Model):
    """A token that is good until `expires_at`; revoking deletes the row and those derived from it.

    `digest` is the SHA-256 of what the client holds, in hexadecimal; the token itself is stored nowhere.
    """

    digest = KeyField(primary_key=True, max_length=64, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="+")
    domain = models.ForeignKey(Domain, models.CASCADE, null=True, related_name="+")
    system = models.BooleanField(default=False)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="derived")
    application_credential = models.ForeignKey(
        ApplicationCredential, models.CASCADE, null=True, related_name="tokens"
    )
    methods = JSONField(default=list)
    audit_ids = JSONField(default=list)
    issued_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="token_expiry")]

    @override
    def __str__(self) -> str:
        return self.audit_ids[0] if self.audit_ids else ""


class FailedLogin(models.Model):
    """How often signing in failed for a subject: a user, an address, or a user from an address."""

    key = KeyField(primary_key=True, max_length=64, editable=False)
    subject = models.CharField(max_length=400)
    failures = models.IntegerField(default=0)
    last_failed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["last_failed_at"], name="failed_login_time")]

    @override
    def __str__(self) -> str:
        return self.subject


class KnownAddress(models.Model):
    """An address from which the user signed in; failures elsewhere do not slow it down."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    address = KeyField(max_length=64)
    seen_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "known addresses"
        constraints = [
            models.UniqueConstraint(fields=["user", "address"], name="known_address_once"),
        ]

    @override
    def __str__(self) -> str:
        return self.address
