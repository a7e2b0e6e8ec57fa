from django.apps import AppConfig
from typing_extensions import override


class ArtifactsAppConfig(AppConfig):
    name = "artifacts"
    default_auto_field = "django.db.models.BigAutoField"

    @override
    def ready(self) -> None:
        from artifacts import documents, heat_templates, jobs  # noqa: PLC0415 - after the models

        heat_templates.register()
        documents.register()
        jobs.register()
