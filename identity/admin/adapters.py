"""Model admins that change nothing themselves: they call the services, and tell what those refuse."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from typing_extensions import override

from catalog.actors import Actor
from catalog.adminlinks import ToldInEvents
from catalog.errors import CatalogError
from identity.sessions import staff_actor_of

M = TypeVar("M", bound=Model)
View = Callable[..., HttpResponse]


def _refusals_told(view: View) -> View:
    """A refusal becomes a message on the same page; the change's transaction is undone by then."""

    @wraps(view)
    def told(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(self, request, *args, **kwargs)
        except CatalogError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())

    return told


class ServiceAdmin(ToldInEvents[M]):
    """`create`, `update` and `remove` are the services; `fixed` fields are set once."""

    fixed: tuple[str, ...] = ()
    show_full_result_count = False

    def create(self, values: dict[str, Any], *, actor: Actor) -> M:
        raise NotImplementedError

    def update(self, row: M, values: dict[str, Any], *, actor: Actor) -> M:
        raise NotImplementedError

    def remove(self, row: M, *, actor: Actor) -> None:
        raise NotImplementedError

    changelist_view = _refusals_told(admin.ModelAdmin.changelist_view)
    changeform_view = _refusals_told(admin.ModelAdmin.changeform_view)
    delete_view = _refusals_told(admin.ModelAdmin.delete_view)

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> Any:
        return (*self.readonly_fields, *(self.fixed if obj else ()))

    @override
    def save_model(self, request: HttpRequest, obj: M, form: ModelForm[M], change: bool) -> None:
        actor = staff_actor_of(request)
        values = dict(_values(form, only_changed=change))
        row = self.update(obj, values, actor=actor) if change else self.create(values, actor=actor)
        obj.pk = row.pk
        obj.refresh_from_db()

    @override
    def delete_model(self, request: HttpRequest, obj: M) -> None:
        self.remove(obj, actor=staff_actor_of(request))

    @override
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        actor = staff_actor_of(request)
        for row in queryset:
            self.remove(row, actor=actor)


class ReadOnlyAdmin(ServiceAdmin[M]):
    """Rows that come and go by themselves: looked at and removed, never written."""

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


def _values(form: ModelForm[Any], *, only_changed: bool) -> list[tuple[str, Any]]:
    """What the form says, with the ids of what it points to."""
    found = []
    for name in form.changed_data if only_changed else form.cleaned_data:
        value = form.cleaned_data[name]
        fields = {field.name: field for field in form._meta.model._meta.get_fields()}  # noqa: SLF001 - Django's documented interface
        if isinstance(fields.get(name), ForeignKey):
            found.append((f"{name}_id", value.pk if value is not None else None))
        else:
            found.append((name, value))
    return found
