from django.apps import AppConfig
from typing_extensions import override

from catalog.api import sessions


class ConsoleAppConfig(AppConfig):
    name = "console"
    default_auto_field = "django.db.models.BigAutoField"

    @override
    def ready(self) -> None:
        from identity.sessions import staff_actor_of  # noqa: PLC0415 - after the models

        sessions.provide(staff_actor_of)
