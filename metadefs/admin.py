"""Operators' view of definitions. Everything that changes goes through the services, so the epoch rises with it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from typing_extensions import override

from catalog import adminlinks
from catalog.adminforms import LabelledInline
from catalog.administration import RowAdmin, ServiceAdmin
from catalog.adminlists import TextFilter
from catalog.api.sessions import staff_actor_of
from metadefs.models import Association, Epoch, Namespace, Object, Property, ResourceType, Tag
from metadefs.services import rows

M = TypeVar("M", bound=models.Model)
TIMES = ("created_at", "updated_at")


def _within(model: type[models.Model]) -> adminlinks.Page:
    """The list of such contents of the namespace; events name them `namespace/name`."""
    return lambda told: adminlinks.found_in(model)(told.partition("/")[0])


def _of_resource_type(told: str) -> str:
    """Of an association, or of the resource type by itself."""
    namespace, slash, _name = told.partition("/")
    return adminlinks.found_in(Association if slash else ResourceType)(namespace)


CONTENTS = {"property": Property, "object": Object, "tag": Tag}
for _noun, _model in CONTENTS.items():
    adminlinks.provide(f"metadef_{_noun}", _within(_model))
adminlinks.provide("metadef_namespace", adminlinks.found_in(Namespace))
adminlinks.provide("metadef_resource_type", _of_resource_type)


class DefinitionAdmin(ServiceAdmin[M]):
    """Rows that operators may add, change and delete, as the policies allow."""

    readonly_fields = TIMES

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @override
    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.has_view_permission(request, obj)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.has_view_permission(request, obj)

    @override
    def write(self, request: HttpRequest, form: Any, row: Any) -> None:
        rows.write(row, actor=staff_actor_of(request))

    @override
    def remove(self, request: HttpRequest, row: Any) -> None:
        rows.remove(row, actor=staff_actor_of(request))


class ContentInline(LabelledInline[M, Namespace]):
    """Contents of a namespace, edited on its page."""

    show_change_link = True

    @override
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    @override
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class PropertyInline(ContentInline[Property]):
    model = Property
    fields = ("name", "definition")


class ObjectInline(ContentInline[Object]):
    model = Object
    fields = ("name", "description", "required", "properties")


class AssociationInline(ContentInline[Association]):
    model = Association
    fields = ("resource_type", "prefix", "properties_target", "mode", "strict")


class TagInline(ContentInline[Tag]):
    model = Tag
    fields = ("name",)


class OwnerFilter(TextFilter):
    title = _("owner (project id)")
    parameter_name = column = "owner"


@admin.register(Namespace)
class NamespaceAdmin(DefinitionAdmin[Namespace]):
    list_display = ("namespace", "display_name", "visibility", "owner", "protected")
    list_filter = ("visibility", "protected", OwnerFilter)
    sortable_by = ("namespace", "visibility", "owner")
    ordering = ("namespace",)
    prefix_fields = ("namespace",)
    search_help_text = _("Beginning of the name")
    fields = (
        "namespace", "display_name", "description", "visibility", "owner", "protected", *TIMES,
    )  # fmt: skip
    inlines = (AssociationInline, PropertyInline, ObjectInline, TagInline)

    @override
    def told_as(self, row: Namespace) -> tuple[str, str]:
        return "metadef_namespace", row.namespace

    @override
    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """What was deleted goes first, so that its name is free for what was added."""
        actor = staff_actor_of(request)
        written: Iterable[Any] = formset.save(commit=False)
        for row in formset.deleted_objects:
            rows.remove(row, actor=actor)
        for row in written:
            row.namespace = form.instance
            rows.write(row, actor=actor)


class ContentAdmin(DefinitionAdmin[M]):
    list_select_related: ClassVar[tuple[str, ...]] = ("namespace",)
    ordering = ("namespace_id", "name")
    prefix_fields = ("namespace__namespace",)
    search_help_text = _("Beginning of the namespace's name")
    list_display: tuple[str, ...] = ("name", "namespace", "updated_at")

    @override
    def told_as(self, row: Any) -> tuple[str, str]:
        return f"metadef_{self.opts.model_name}", f"{row.namespace.namespace}/{row.name}"


@admin.register(Property)
class PropertyAdmin(ContentAdmin[Property]):
    fields = ("namespace", "name", "definition", *TIMES)


@admin.register(Object)
class ObjectAdmin(ContentAdmin[Object]):
    fields = ("namespace", "name", "description", "required", "properties", *TIMES)


@admin.register(Tag)
class TagAdmin(ContentAdmin[Tag]):
    fields = ("namespace", "name", *TIMES)


EFFECTS = {
    "enforce": _("Writes that set a property to a value outside the rules will be refused."),
    "warn": _("Values outside the rules will be stored, and their assets marked as not valid."),
    "off": _("Nobody will look whether values are within the rules."),
}
TITLES = {
    "enforce": _("Set the mode to enforce"),
    "warn": _("Set the mode to warn"),
    "off": _("Set the mode to off"),
}


def _sets(mode: str) -> Callable[..., HttpResponse | None]:
    """The action that asks, and then sets the mode of all associations that were chosen."""

    @admin.action(permissions=["change"], description=TITLES[mode])
    def set_mode(
        model_admin: "AssociationAdmin", request: HttpRequest, queryset: QuerySet[Association]
    ) -> HttpResponse | None:
        chosen = {row.pk: row for row in queryset.select_related("namespace", "resource_type")}
        if request.POST.get("post"):
            model_admin.set_mode(request, chosen, mode)
            return None
        context = {
            **model_admin.admin_site.each_context(request),
            "title": TITLES[mode], "effect": EFFECTS[mode], "mode": mode, "rows": chosen.values(),
            "action": f"set_{mode}", "opts": model_admin.opts,
        }  # fmt: skip
        return TemplateResponse(request, "admin/metadefs/set_mode.html", context)

    set_mode.__name__ = f"set_{mode}"
    return set_mode


@admin.register(Association)
class AssociationAdmin(ContentAdmin[Association]):
    actions: Any = ("delete_selected", *map(_sets, EFFECTS))
    list_filter = ("mode", "strict", "resource_type")
    list_display = ("namespace", "resource_type", "prefix", "mode", "strict")
    list_select_related = ("namespace", "resource_type")
    ordering = ("namespace_id", "resource_type_id")
    fields = (
        "namespace", "resource_type", "prefix", "properties_target", "mode", "strict", *TIMES,
    )  # fmt: skip

    @override
    def told_as(self, row: Association) -> tuple[str, str]:
        return "metadef_resource_type", f"{row.namespace.namespace}/{row.resource_type.name}"

    def set_mode(self, request: HttpRequest, chosen: Mapping[Any, Association], mode: str) -> None:
        """Each by the service; those that it refuses are named."""
        actor = staff_actor_of(request)

        def set_one(key: Any) -> None:
            row = chosen[key]
            row.mode = mode
            rows.write(row, actor=actor)

        done = self.each(request, chosen, set_one)
        if done:
            said = ngettext(
                "The mode of %(count)d is %(mode)s.",
                "The mode of %(count)d is %(mode)s.",
                len(done),
            )
            self.message_user(request, said % {"count": len(done), "mode": mode}, messages.SUCCESS)


@admin.register(ResourceType)
class ResourceTypeAdmin(DefinitionAdmin[ResourceType]):
    list_display = ("name", "protected")
    ordering = ("name",)
    prefix_fields = ("name",)
    search_help_text = _("Beginning of the name")
    fields = ("name", "protected", *TIMES)

    @override
    def told_as(self, row: ResourceType) -> tuple[str, str]:
        return "metadef_resource_type", row.name


@admin.register(Epoch)
class EpochAdmin(RowAdmin[Epoch]):
    """How often the definitions changed; raised by every change of them, and by nobody's hand."""

    list_display = ("value",)
    ordering = ("id",)
    fields = ("value",)

    @override
    def found_by(self, term: str) -> Q:
        return Q()
