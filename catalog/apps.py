from django.apps import AppConfig


class CatalogAppConfig(AppConfig):
    name = "catalog"
    default_auto_field = "django.db.models.BigAutoField"
