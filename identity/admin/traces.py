"""Tokens that are good, and attempts that were not."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override

from catalog.actors import Actor
from identity.admin.adapters import ReadOnlyAdmin
from identity.models import FailedLogin, KnownAddress, Token
from identity.services.revoking import revoke_row
from identity.services.signing_in import forget_address, forgive
from identity.sessions import staff_actor_of


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin[Token]):
    """Deleting a token revokes it and those made from it."""

    list_display = ("__str__", "user", "project", "domain", "system", "issued_at", "expires_at")
    list_select_related = ("user", "project", "domain")
    search_fields = ("user__name__startswith", "project__name__startswith")
    fields = ("user", "project", "domain", "system", "methods", "audit_ids", "issued_at")
    readonly_fields = fields
    ordering = ("-expires_at",)

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        return super().get_queryset(request).select_related("user", "project", "domain")

    @override
    def remove(self, row: Token, *, actor: Actor) -> None:
        revoke_row(row, actor=actor)


@admin.register(FailedLogin)
class FailedLoginAdmin(ReadOnlyAdmin[FailedLogin]):
    """Deleting a counter lets its subject sign in without waiting."""

    object_type = "failed_login"
    list_display = ("subject", "failures", "last_failed_at")
    fields = ("subject", "failures", "last_failed_at")
    readonly_fields = fields
    ordering = ("-last_failed_at",)

    @override
    def remove(self, row: FailedLogin, *, actor: Actor) -> None:
        forgive([row.pk], actor=actor)

    @override
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[FailedLogin]) -> None:
        forgive(list(queryset.values_list("pk", flat=True)), actor=staff_actor_of(request))


@admin.register(KnownAddress)
class KnownAddressAdmin(ReadOnlyAdmin[KnownAddress]):
    """Addresses that failures elsewhere do not slow down."""

    list_display = ("user", "address", "seen_at")
    list_select_related = ("user",)
    fields = ("user", "address", "seen_at")
    readonly_fields = fields
    search_fields = ("user__name__startswith",)
    ordering = ("-seen_at",)

    @override
    def remove(self, row: KnownAddress, *, actor: Actor) -> None:
        forget_address(row, actor=actor)
