"""Forms of the admin, as people with a screen reader need them."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.forms import BaseInlineFormSet
from django.utils.text import capfirst
from typing_extensions import override

M = TypeVar("M", bound=Model)
P = TypeVar("P", bound=Model)


class LabelledFormSet(BaseInlineFormSet[Any, Any, Any]):
    """Every control is labelled itself: the heads of a table's columns label nothing."""

    @override
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for name, field in form.fields.items():
            if not field.widget.is_hidden:
                control = getattr(
                    field.widget, "widget", field.widget
                )  # within what links to others
                control.attrs.setdefault("aria-label", capfirst(str(field.label or name)))


class LabelledInline(admin.TabularInline[M, P]):
    """Rows on the page of what they belong to."""

    extra = 0
    formset = LabelledFormSet
