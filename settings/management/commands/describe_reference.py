"""`manage.py describe_reference`: reference pages, made from the code."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand
from typing_extensions import override

from settings.reference import PAGES, page


class Command(BaseCommand):
    help = "Print reference pages as Markdown."
    requires_system_checks: list[str] = []

    @override
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("page", choices=sorted(PAGES), nargs="+", help="which page")

    @override
    def handle(self, *_: Any, **options: Any) -> None:
        for name in options["page"]:
            self.stdout.write(page(name), ending="")
