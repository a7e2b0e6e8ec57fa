"""Load namespaces from files."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from catalog.actors import Actor, system_actor
from catalog.errors import CatalogError
from metadefs import files, rules
from metadefs.errors import Mode
from metadefs.services import loading
from metadefs.services.loading import Strategy


class Command(BaseCommand):
    help = (
        "Load namespaces from a file, or from every *.json of a folder; those present are skipped."
    )

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--path", type=Path, default=Path("/etc/glance/metadefs"))
        parser.add_argument("--merge", action="store_true", help="Add what present ones lack.")
        parser.add_argument(
            "--prefer-new", "--prefer_new", action="store_true",
            help="With --merge: also replace what both have.",
        )  # fmt: skip
        parser.add_argument(
            "--overwrite", action="store_true", help="With --merge: delete present ones first."
        )
        parser.add_argument(
            "--mode", choices=["warn", "enforce", "off"], default="warn",
            help="How associations govern whose file does not say it (default: warn).",
        )  # fmt: skip

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        strategy, mode = _strategy(options), options["mode"]
        try:
            found = files.paths(options["path"])
        except OSError as error:
            raise CommandError(f"{options['path']}: {error.strerror}") from None
        actor = system_actor("load_metadefs")
        counts = Counter(self._load(path, mode, strategy, actor) for path in found)
        said = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
        self.stdout.write(f"{len(found)} files: {said or 'nothing to do'}")
        if counts["failed"]:
            raise CommandError(f"{counts['failed']} of {len(found)} files failed")

    def _load(self, path: Path, mode: Mode, strategy: Strategy, actor: Actor) -> str:
        try:
            read = files.read(path, mode=mode)
            outcome = loading.load(read, strategy=strategy, actor=actor)
        except (CatalogError, OSError) as error:
            self.stderr.write(f"{path.name}: failed: {error}")
            return "failed"
        self.stdout.write(f"{path.name}: {read.draft.namespace} {outcome}")
        named = ((name, definition) for _, name, definition in rules.definitions(read.draft))
        for note in rules.odd_defaults(named):
            self.stdout.write(f"{path.name}: note: {note}")
        return outcome


def _strategy(options: dict[str, Any]) -> Strategy:
    prefer_new, overwrite = options["prefer_new"], options["overwrite"]
    if prefer_new and overwrite:
        raise CommandError("--prefer-new and --overwrite exclude each other")
    if (prefer_new or overwrite) and not options["merge"]:
        raise CommandError("--prefer-new and --overwrite need --merge")
    if overwrite:
        return "overwrite"
    if prefer_new:
        return "prefer_new"
    return "merge" if options["merge"] else "skip"
