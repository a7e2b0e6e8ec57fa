from django.apps import AppConfig
from typing_extensions import override


class MetadefsAppConfig(AppConfig):
    name = "metadefs"
    default_auto_field = "django.db.models.BigAutoField"

    @override
    def ready(self) -> None:
        from catalog import policy  # noqa: PLC0415 - after the apps
        from catalog.indexing import documents  # noqa: PLC0415 - after the apps
        from metadefs import notices, policies, selectors  # noqa: PLC0415 - after the models

        policy.register(policies.DEFAULTS)
        notices.register()
        documents.register_declared(selectors.declared_types)
