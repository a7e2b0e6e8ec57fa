from django.apps import AppConfig
from typing_extensions import override


class SettingsConfig(AppConfig):
    """The composition root as an app: it brings the command that runs the service."""

    name = "settings"

    @override
    def ready(self) -> None:
        from settings import checks  # noqa: F401, PLC0415 - registers itself
