from django.apps import AppConfig
from django.conf import settings
from typing_extensions import override


class SettingsConfig(AppConfig):
    """The composition root as an app: it brings the command that runs the service."""

    name = "settings"

    @override
    def ready(self) -> None:
        from settings import checks  # noqa: F401, PLC0415 - registers itself

        if settings.KEYSTONE:
            from images.limits import sources  # noqa: PLC0415 - after the models
            from settings.unified_limits import KeystoneLimits  # noqa: PLC0415 - the same

            sources.provide(sources.KEYSTONE, KeystoneLimits)
