"""Users, and which role they have where."""

from collections.abc import Iterator
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import connection, models
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from typing_extensions import override

from catalog.clock import now
from catalog.conf import section
from catalog.fields import JSONField, KeyField
from identity.conf import IdentityConfig
from identity.models.names import DEFAULT_DOMAIN, Domain, Project, Role, new_id


class UserManager(BaseUserManager["User"]):
    """Users are made by `identity.services.users`."""


class User(AbstractBaseUser):
    """Somebody with a password; `epoch` rises when sessions signed before must end."""

    id = KeyField(primary_key=True, max_length=64, default=new_id, editable=False)
    name = KeyField("user name", max_length=255)
    domain = models.ForeignKey(Domain, models.PROTECT, default=DEFAULT_DOMAIN)
    email = KeyField(max_length=255, default="", blank=True)
    description = models.TextField(default="", blank=True)
    enabled = models.BooleanField(default=True)
    default_project = models.ForeignKey(
        Project, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    extra = JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    epoch = models.IntegerField(default=0, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "name"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "name"], name="user_name_in_domain"),
        ]
        indexes = [
            models.Index(fields=["name"], name="user_name"),
            models.Index(fields=["email"], name="user_email"),
        ]

    @override
    def __str__(self) -> str:
        return self.name

    @property
    @override
    def is_active(self) -> bool:  # type: ignore[override] # Django declares a class attribute
        return self.enabled and self.domain.enabled

    @cached_property
    def is_staff(self) -> bool:
        """Whether the admin pages open: the role admin, implied or held, on the admin project or the system."""
        return self.is_active and Assignment.objects.makes_staff(
            self.pk, section(IdentityConfig).admin_project
        )

    @property
    def is_superuser(self) -> bool:
        return self.is_staff

    def has_perm(self, _perm: str, _obj: object = None) -> bool:
        """Django's model permissions are all or nothing here; the finer rights are policy rules."""
        return self.is_staff

    def has_perms(self, _perms: object, _obj: object = None) -> bool:
        return self.is_staff

    def has_module_perms(self, _app_label: str) -> bool:
        return self.is_staff

    def get_short_name(self) -> str:
        return self.name

    @override
    def get_session_auth_hash(self) -> str:
        """Changes with the password and with `epoch`; sessions signed before end with that."""
        return self._session_hash(None)

    @override
    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | bytes | None) -> str:
        value = f"{self.epoch}:{self.password}"
        return salted_hmac("identity.session", value, secret=secret, algorithm="sha256").hexdigest()


_STAFF = """
WITH RECURSIVE held(role_id) AS (
    SELECT a.role_id FROM identity_assignment a LEFT JOIN identity_project p ON p.id = a.project_id
    WHERE a.user_id = %s
      AND (a.system OR (p.name = %s AND p.domain_id = %s AND p.enabled))
    UNION
    SELECT i.implied_id FROM identity_roleimplication i JOIN held h ON i.prior_id = h.role_id
)
SELECT 1 FROM held JOIN identity_role r ON r.id = held.role_id WHERE r.name = 'admin'
"""


class AssignmentManager(models.Manager["Assignment"]):
    def makes_staff(self, user_id: str, admin_project: str) -> bool:
        """Whether the user is admin of the project of that name in the domain Default, or of the system."""
        with connection.cursor() as cursor:
            cursor.execute(_STAFF, [user_id, admin_project, DEFAULT_DOMAIN])
            return cursor.fetchone() is not None


class Assignment(models.Model):
    """A user has a role on exactly one of: a project, a domain, the whole system."""

    user = models.ForeignKey(User, models.CASCADE, related_name="assignments")
    role = models.ForeignKey(Role, models.CASCADE, related_name="assignments")
    project = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="assignments"
    )
    domain = models.ForeignKey(Domain, models.CASCADE, null=True, blank=True, related_name="+")
    system = models.BooleanField(default=False)

    objects: ClassVar[AssignmentManager] = AssignmentManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "project", "role"],
                name="assignment_project",
                condition=Q(project__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["user", "domain", "role"],
                name="assignment_domain",
                condition=Q(domain__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["user", "role"], name="assignment_system", condition=Q(system=True)
            ),
            models.CheckConstraint(
                name="assignment_one_target",
                condition=Q(project__isnull=False, domain__isnull=True, system=False)
                | Q(project__isnull=True, domain__isnull=False, system=False)
                | Q(project__isnull=True, domain__isnull=True, system=True),
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"assignment {self.pk}"
