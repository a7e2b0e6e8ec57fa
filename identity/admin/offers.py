"""What administrators said about services, endpoints and regions; what is only configured is not listed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override

from catalog.actors import Actor
from identity.admin.adapters import ServiceAdmin
from identity.models import INTERFACES, Endpoint, Region, Service
from identity.services import offering, regions


@admin.register(Service)
class OfferAdmin(ServiceAdmin[Service]):
    """Deleting a row of a configured service that is removed brings the configured one back."""

    object_type = "service"
    list_display = ("type", "name", "id", "enabled", "removed")
    search_fields = ("type__startswith", "name__startswith", "id__exact")
    ordering = ("type", "name", "id")
    fields = ("type", "name", "description", "enabled")

    @override
    def create(self, values: dict[str, Any], *, actor: Actor) -> Service:
        return offering.create_service(actor=actor, **values)

    @override
    def update(self, row: Service, values: dict[str, Any], *, actor: Actor) -> Service:
        return offering.update_service(row.pk, actor=actor, **values)

    @override
    def remove(self, row: Service, *, actor: Actor) -> None:
        if row.removed:
            offering.restore(row, actor=actor)
        else:
            offering.delete_service(row.pk, actor=actor)


class EndpointForm(forms.ModelForm[Endpoint]):
    interface = forms.ChoiceField(choices=[(name, name) for name in INTERFACES])
    url = forms.CharField(max_length=offering.LONGEST_URL)

    class Meta:
        model = Endpoint
        fields = ("service", "interface", "url", "region", "enabled")


@admin.register(Endpoint)
class EndpointAdmin(ServiceAdmin[Endpoint]):
    """Deleting a row of a configured endpoint that is removed brings the configured one back."""

    object_type = "endpoint"
    form = EndpointForm
    list_display = ("url", "service", "interface", "region", "enabled", "removed")
    list_select_related = ("service", "region")
    search_fields = ("service__type__startswith", "id__exact")
    ordering = ("service__type", "interface", "id")
    fields = ("service", "interface", "url", "region", "enabled")
    autocomplete_fields = ("service", "region")

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        return super().get_queryset(request).select_related("service", "region")

    @override
    def create(self, values: dict[str, Any], *, actor: Actor) -> Endpoint:
        return offering.create_endpoint(actor=actor, **values)

    @override
    def update(self, row: Endpoint, values: dict[str, Any], *, actor: Actor) -> Endpoint:
        return offering.update_endpoint(row.pk, actor=actor, **values)

    @override
    def remove(self, row: Endpoint, *, actor: Actor) -> None:
        if row.removed:
            offering.restore(row, actor=actor)
        else:
            offering.delete_endpoint(row.pk, actor=actor)


@admin.register(Region)
class RegionAdmin(ServiceAdmin[Region]):
    object_type = "region"
    list_display = ("id", "parent", "description", "removed")
    list_select_related = ("parent",)
    search_fields = ("id__startswith",)
    ordering = ("id",)
    fields = ("id", "parent", "description")
    fixed = ("id",)
    autocomplete_fields = ("parent",)

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Region]:
        return super().get_queryset(request).select_related("parent")

    @override
    def create(self, values: dict[str, Any], *, actor: Actor) -> Region:
        return regions.create_region(values.pop("id"), actor=actor, **values)

    @override
    def update(self, row: Region, values: dict[str, Any], *, actor: Actor) -> Region:
        return regions.update_region(row.pk, actor=actor, **values)

    @override
    def remove(self, row: Region, *, actor: Actor) -> None:
        if row.removed:
            offering.restore(row, actor=actor)
        else:
            regions.delete_region(row.pk, actor=actor)
