"""`manage.py verify_index`: compare the search index with the rows; exit code 1 when they differ."""

from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from catalog import migrations_state
from catalog.errors import CatalogError
from search import engines, verifying
from search.errors import EngineUnavailable


class Command(BaseCommand):
    help = "Compare the search index with the rows; exit code 1, and the differences, when they disagree."
    requires_system_checks = []

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, default=100, help="Most differences to list.")
        parser.add_argument(
            "--strict", action="store_true",
            help="Count what is still on its way as a difference, too.",
        )  # fmt: skip

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        migrations_state.require()
        try:
            engine = engines.current()
            engine.check()
            compare = verifying.differences if options["strict"] else verifying.settled_differences
            found = list(islice(compare(engine), options["limit"]))
        except EngineUnavailable as error:
            raise CommandError(error.for_operators) from error
        except CatalogError as error:
            raise CommandError(error.message) from error
        for difference in found:
            self.stdout.write(str(difference))
        if found:
            raise CommandError("the index differs from the rows", returncode=1)
        self.stdout.write("the index agrees with the rows")
