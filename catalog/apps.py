from django.apps import AppConfig
from django.urls import register_converter
from typing_extensions import override

from catalog.api.names import NameConverter


class CatalogAppConfig(AppConfig):
    name = "catalog"
    default_auto_field = "django.db.models.BigAutoField"

    @override
    def ready(self) -> None:
        register_converter(NameConverter, "name")
