"""Sets what projects may have. Numbers count always (of images, unless `VITRINE_IMAGES_LIMITS` is `keystone`), the
others while it is `local`.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from typing_extensions import override

from catalog.actors import system_actor
from catalog.errors import CatalogError
from images.limits.resources import NAMES
from images.services import limits


class Command(BaseCommand):
    help = "Set what projects may have of a resource."

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("resource", choices=[str(one) for one in NAMES])
        parser.add_argument(
            "limit",
            help="a number, or MiB for sizes; -1: no limit; default: take the limit away again",
        )
        parser.add_argument("--project", help="id of the project; without it: all that have none")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        actor = system_actor("set_limit")
        resource, text, project = options["resource"], options["limit"], options["project"]
        try:
            limit = None if text == "default" else int(text)
        except ValueError:
            raise CommandError(f"{text!r} is neither a whole number nor 'default'") from None
        try:
            if project is None:
                limits.set_default(resource, limit, actor=actor)
            else:
                limits.set_for_project(project, resource, limit, actor=actor)
        except CatalogError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{resource}: {text}" + (f" for {project}" if project else ""))
