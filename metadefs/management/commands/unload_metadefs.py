"""Forget every definition."""

from typing import Any

from django.core.management.base import BaseCommand
from typing_extensions import override

from catalog.actors import system_actor
from metadefs.services import loading


class Command(BaseCommand):
    help = (
        "Delete every namespace with all its contents, protected ones too, and every resource type."
    )

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        number = loading.unload(actor=system_actor("unload_metadefs"))
        self.stdout.write(f"{number} namespaces deleted")
