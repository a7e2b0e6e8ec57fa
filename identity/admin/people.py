"""Users and what they may do."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from catalog.actors import Actor
from identity.admin.adapters import ReadOnlyAdmin, ServiceAdmin
from identity.admin.inlines import UserAssignmentInline, save_inline, target_of
from identity.models import ApplicationCredential, Assignment, User
from identity.services import users
from identity.services.assignments import assign, unassign
from identity.services.credentials import delete_credential
from identity.services.users import LONGEST_PASSWORD


class UserForm(forms.ModelForm[User]):
    """The password can be set and never be seen."""

    password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: as it is. A new one ends all tokens and sessions of the user."),
    )

    class Meta:
        model = User
        fields = ("name", "domain", "email", "description", "enabled", "default_project")


@admin.register(User)
class UserAdmin(ServiceAdmin[User]):
    object_type = "user"
    form = UserForm
    list_display = ("name", "id", "domain", "email", "enabled", "default_project", "last_login")
    list_filter = ("enabled", "domain")
    list_select_related = ("domain", "default_project")
    search_fields = ("name__startswith", "email__startswith", "id__exact")
    ordering = ("name", "id")
    fields = (
        *("name", "domain", "email", "description", "enabled", "default_project"),
        *("password", "created_at", "last_login"),
    )
    readonly_fields = ("created_at", "last_login")
    fixed = ("domain",)
    autocomplete_fields = ("domain", "default_project")
    inlines = (UserAssignmentInline,)

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).select_related("domain", "default_project")

    @override
    def create(self, values: dict[str, Any], *, actor: Actor) -> User:
        return users.create_user(actor=actor, **_with_password(values))

    @override
    def update(self, row: User, values: dict[str, Any], *, actor: Actor) -> User:
        return users.update_user(row.pk, actor=actor, **_with_password(values))

    @override
    def remove(self, row: User, *, actor: Actor) -> None:
        users.delete_user(row.pk, actor=actor)

    @override
    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        save_inline(request, formset)


@admin.register(Assignment)
class AssignmentAdmin(ServiceAdmin[Assignment]):
    list_display = ("user", "role", "project", "domain", "system")
    list_filter = ("role", "system")
    list_select_related = ("user", "role", "project", "domain")
    search_fields = ("user__name__startswith", "project__name__startswith")
    fields = ("user", "role", "project", "domain", "system")
    autocomplete_fields = ("user", "role", "project", "domain")
    ordering = ("-id",)

    @override
    def has_change_permission(self, request: HttpRequest, obj: Assignment | None = None) -> bool:
        return False

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Assignment]:
        related = ("user", "role", "project", "domain")
        return super().get_queryset(request).select_related(*related)

    @override
    def create(self, values: dict[str, Any], *, actor: Actor) -> Assignment:
        row = Assignment(**values)
        return assign(row.user_id, row.role_id, actor=actor, **target_of(row))

    @override
    def remove(self, row: Assignment, *, actor: Actor) -> None:
        unassign(row.user_id, row.role_id, actor=actor, **target_of(row))


@admin.register(ApplicationCredential)
class ApplicationCredentialAdmin(ReadOnlyAdmin[ApplicationCredential]):
    """Users make them for themselves; deleting one ends its tokens."""

    object_type = "application_credential"
    list_display = ("name", "user", "project", "unrestricted", "created_at", "expires_at")
    list_select_related = ("user", "project")
    search_fields = ("name__startswith", "user__name__startswith", "id__exact")
    fields = (
        *("name", "user", "project", "description", "roles", "unrestricted", "created_at"),
        "expires_at",
    )
    readonly_fields = fields
    ordering = ("-created_at",)

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[ApplicationCredential]:
        return super().get_queryset(request).select_related("user", "project")

    @override
    def remove(self, row: ApplicationCredential, *, actor: Actor) -> None:
        delete_credential(row.user_id, row.pk, actor=actor)


def _with_password(values: dict[str, Any]) -> dict[str, Any]:
    """Without the password when the form left it empty."""
    return {name: value for name, value in values.items() if name != "password" or value}
