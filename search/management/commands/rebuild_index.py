"""`manage.py rebuild_index`: build the search index anew while it is in use."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from catalog.errors import CatalogError
from search import rebuilding
from search.errors import EngineUnavailable


class Command(BaseCommand):
    help = (
        "Build the search index anew from the rows, while it is in use, and let the new one answer."
    )
    requires_system_checks = []

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        def report(resource_type: str, written: int) -> None:
            if options["verbosity"] > 1:
                self.stdout.write(f"{resource_type}: {written} documents so far")

        try:
            written = rebuilding.rebuild(report=report)
        except EngineUnavailable as error:
            raise CommandError(error.for_operators) from error
        except CatalogError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{written} documents; the new index answers")
