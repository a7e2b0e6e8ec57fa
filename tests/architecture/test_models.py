"""Foreign keys point down the same order as imports, and nobody's rows point at users or projects."""

import pytest
from django.apps import apps
from django.db.models import Field, Model

DOWN: dict[str, frozenset[str]] = {
    "catalog": frozenset(),
    "identity": frozenset({"catalog"}),
    "metadefs": frozenset({"catalog"}),
    "artifacts": frozenset({"catalog", "metadefs"}),
    "images": frozenset({"catalog", "metadefs", "artifacts"}),
    "search": frozenset({"catalog"}),
    "console": frozenset({"catalog", "metadefs", "artifacts", "images", "search"}),
    "settings": frozenset(),
}
DJANGO_OWN = {"identity": frozenset({"auth", "contenttypes"})}

OURS = [model for model in apps.get_models() if model._meta.app_label in DOWN]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_relations_point_down(model: type[Model]) -> None:
    label = model._meta.app_label
    allowed = DOWN[label] | DJANGO_OWN.get(label, frozenset()) | {label}
    for field in model._meta.get_fields():
        if isinstance(field, Field) and field.is_relation and field.related_model is not None:
            target = field.related_model._meta.app_label
            assert target in allowed, f"{model._meta.label}.{field.name} points at {target}"


def test_every_app_with_rows_has_its_place() -> None:
    assert {model._meta.app_label for model in OURS} >= {"catalog", "identity", "artifacts"}
