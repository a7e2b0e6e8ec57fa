"""`manage.py describe_openapi`: the OpenAPI document of all routes, as it is served at /openapi.json."""

from typing import Any

from django.core.management.base import BaseCommand
from typing_extensions import override

from settings.openapi import text


class Command(BaseCommand):
    help = "Print the OpenAPI document of all routes."
    requires_system_checks: list[str] = []

    @override
    def handle(self, *_: Any, **__: Any) -> None:
        self.stdout.write(text(), ending="")
