"""Write namespaces to files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from metadefs import files
from metadefs.models import Namespace
from metadefs.selectors import draft_of, with_contents


class Command(BaseCommand):
    help = "Write one file per namespace into a folder, as load_metadefs reads them."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--path", type=Path, default=Path("/etc/glance/metadefs"))

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        rows = with_contents(Namespace.objects.order_by("namespace"))
        try:
            written = files.write(options["path"], map(draft_of, rows))
        except OSError as error:
            raise CommandError(f"{options['path']}: {error.strerror}") from None
        self.stdout.write(f"{len(written)} files written to {options['path']}")
