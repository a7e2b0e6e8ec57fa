from django.apps import AppConfig
from typing_extensions import override


class ImagesAppConfig(AppConfig):
    name = "images"
    default_auto_field = "django.db.models.BigAutoField"

    @override
    def ready(self) -> None:
        from artifacts import count_limits  # noqa: PLC0415 - after the models
        from images import (  # noqa: PLC0415 - the same
            artifact_type,
            checks,
            documents,
            jobs,
            notices,
            policies,
        )
        from images.limits import local, sources  # noqa: PLC0415 - the same

        policies.register()
        checks.register()
        artifact_type.register()
        documents.register()
        notices.register()
        jobs.register()
        count_limits.limited_by(local.set_here)
        sources.provide(sources.LOCAL, local.LocalLimits)
