from django.apps import AppConfig
from typing_extensions import override


class ImagesAppConfig(AppConfig):
    name = "images"
    default_auto_field = "django.db.models.BigAutoField"

    @override
    def ready(self) -> None:
        from artifacts import numbers  # noqa: PLC0415 - the same
        from images import checks, documents, handler, jobs, notices, policies  # noqa: PLC0415 - after the models
        from images.limits import local, sources  # noqa: PLC0415 - the same

        policies.register()
        checks.register()
        handler.register()
        documents.register()
        notices.register()
        jobs.register()
        numbers.limited_by(local.set_here)
        sources.provide(sources.LOCAL, local.LocalLimits)
