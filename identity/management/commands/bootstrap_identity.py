import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from catalog.errors import CatalogError
from identity.services.bootstrap import bootstrap


class Command(BaseCommand):
    help = (
        "Make the domain Default, the usual roles and the user admin; a second run changes nothing."
    )

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--password-file",
            help="File whose first line is the password of admin; `-` reads standard input."
            " Without it a new admin gets a password that is printed once.",
        )

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        password = self._password(options["password_file"])
        try:
            result = bootstrap(password)
        except CatalogError as error:
            raise CommandError(error.message) from None
        if result.password:
            self.stdout.write(f"user admin, password {result.password}")
        else:
            self.stdout.write("changed" if result.changed else "nothing to do")

    def _password(self, name: str | None) -> str | None:
        if name is None:
            return None
        try:
            text = sys.stdin.readline() if name == "-" else Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{name}: {error}") from None
        return text.partition("\n")[0].rstrip("\r") or None
