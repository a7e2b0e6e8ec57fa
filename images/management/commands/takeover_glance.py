"""Take over the images and metadefs of a Glance, or compare the answers of both services."""

import json
import tempfile
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import yaml
from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from artifacts import configured_stores
from catalog.actors import Actor, system_actor
from catalog.errors import CatalogError
from images.services.takeover import adopt, missing
from images.takeover import comparing, policies
from images.takeover.connecting import SourceUnreadable
from images.takeover.mapping import Home, adopted
from images.takeover.source import GlanceDatabase
from metadefs import files
from metadefs.services import loading

NOTES_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Take over images, members, tags, locations and metadefs from Glance's database. Bytes stay where they are: "
        "files are read through a file store with layout = 'flat' whose root is Glance's folder. What is here "
        "already is left alone, so it can be run again."
    )

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--database",
            required=True,
            help="SQLAlchemy URL: mysql+pymysql://user@host/glance, or postgresql+psycopg://…",
        )
        parser.add_argument("--policy", type=Path, help="Glance's policy.yaml, to be reviewed.")
        parser.add_argument("--policy-out", type=Path, help="Where the rules that hold here go.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be done.")
        parser.add_argument("--batch", type=_positive, default=500, help="Images per transaction.")
        parser.add_argument("--report", type=Path, help="Where the whole report goes, as JSON.")
        parser.add_argument(
            "--compare",
            type=_positive,
            metavar="N",
            help="Take nothing: make N reads of both services.",
        )
        parser.add_argument("--glance", help="With --compare: Glance's address, without /v2.")
        parser.add_argument(
            "--vitrine", help="With --compare: ours, such as http://host:9292/image."
        )
        parser.add_argument(
            "--as", dest="callers", nargs=3, action="append", default=[],
            metavar=("NAME", "GLANCE_TOKEN", "OUR_TOKEN"),
            help="With --compare: who reads; can be repeated.",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, help="With --compare: another sample.")

    @override
    def handle(self, *_: Any, **options: Any) -> None:
        try:
            source = GlanceDatabase(options["database"])
            report = self._compare(source, options) if options["compare"] else {}
            if not options["compare"]:
                report = self._take(source, options)
        except CatalogError as error:
            raise CommandError(str(error)) from None
        if options["report"]:
            options["report"].write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
        if report.get("unexplained") or report.get("metadefs", {}).get("failed"):
            raise CommandError("not everything went well; see above")

    def _take(self, source: GlanceDatabase, options: dict[str, Any]) -> dict[str, Any]:
        actor = system_actor("takeover_glance")
        report: dict[str, Any] = {"dry_run": options["dry_run"]}
        if options["policy"]:
            report["policy"] = self._policy(options["policy"], options["policy_out"])
        report["metadefs"] = self._metadefs(source, actor, dry_run=options["dry_run"])
        report["images"] = self._images(source, actor, options)
        return report

    def _images(
        self, source: GlanceDatabase, actor: Actor, options: dict[str, Any]
    ) -> dict[str, Any]:
        homes, counts, notes = _homes(), Counter[str](), []
        total, seen = source.count(), 0
        for page in source.pages(options["batch"]):
            batch = [adopted(one, homes) for one in page]
            written = missing(batch) if options["dry_run"] else adopt(batch, actor=actor)
            counts["there already"] += len(batch) - len(written)
            for one in written:
                counts["tombstones" if one.artifact.deleted_at else "images"] += 1
                counts["members"] += len(one.members)
                counts["files adopted"] += sum(bool(place.store) for place in one.places)
                notes += [{"id": one.artifact.spelt_id, "note": note} for note in one.notes]
            seen += len(page)
            self._progress(seen, total)
        self._say("images", counts)
        for note in notes[:NOTES_SHOWN]:
            self.stdout.write(f"  {note['id']}: {note['note']}")
        if len(notes) > NOTES_SHOWN:
            self.stdout.write(f"  … and {len(notes) - NOTES_SHOWN} more notes (--report has all)")
        return {**counts, "notes": notes}

    def _metadefs(self, source: GlanceDatabase, actor: Actor, *, dry_run: bool) -> dict[str, Any]:
        counts = Counter[str]()
        with tempfile.TemporaryDirectory() as folder:
            for document in source.namespaces():
                file = Path(folder) / "namespace.json"
                file.write_bytes(orjson.dumps(document))
                try:
                    read = files.read(file, mode="warn")
                    counts[_foresee(read) if dry_run else _load(read, actor)] += 1
                except CatalogError as error:
                    self.stderr.write(f"namespace {document['namespace']}: {error}")
                    counts["failed"] += 1
        self._say("namespaces", counts)
        return dict(counts)

    def _policy(self, file: Path, target: Path | None) -> dict[str, Any]:
        found = policies.review(file)
        for name, reason in found.dropped.items():
            self.stdout.write(f"policy {name}: {reason}")
        self._say("policy rules", Counter(kept=len(found.kept), dropped=len(found.dropped)))
        if target:
            target.write_text(yaml.safe_dump(dict(found.kept)), encoding="utf-8")
        return {"kept": sorted(found.kept), "dropped": dict(found.dropped)}

    def _compare(self, source: GlanceDatabase, options: dict[str, Any]) -> dict[str, Any]:
        if not (options["glance"] and options["vitrine"] and options["callers"]):
            raise SourceUnreadable("--compare needs --glance, --vitrine and at least one --as")
        callers = [comparing.Caller(*one) for one in options["callers"]]
        reads = comparing.sample(source.ids(), options["compare"], seed=options["seed"])
        found: list[comparing.Difference] = []
        for number, read in enumerate(reads):
            caller = callers[number % len(callers)]
            found += comparing.compare(options["glance"], options["vitrine"], caller, read)
            self._progress(number + 1, len(reads))
        unexplained = [one for one in found if not one.why]
        for one in unexplained[:NOTES_SHOWN]:
            shown = [json.dumps(value)[:120] for value in (one.glance, one.vitrine)]
            self.stdout.write(f"{one.caller} {one.path} {one.member}: {shown[0]} → {shown[1]}")
        explained = Counter(one.why for one in found if one.why)
        self._say(f"{len(reads)} reads", Counter(differences=len(unexplained)))
        for why, number in sorted(explained.items()):
            self.stdout.write(f"  {number} expected: {why}")
        return {
            "reads": len(reads),
            "unexplained": [[o.caller, o.path, o.member, o.glance, o.vitrine] for o in unexplained],
            "explained": dict(explained),
        }

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            width = 40 * done // max(total, 1)
            bar = f"\r[{'#' * width}{'.' * (40 - width)}] {done}/{total}"
            self.stderr.write(bar, ending="\n" if done >= total else "")

    def _say(self, what: str, counts: Counter[str]) -> None:
        said = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
        self.stdout.write(f"{what}: {said or 'none'}")


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise ArgumentTypeError("a number from 1 is expected")
    return int(text)


def _load(read: files.Read, actor: Actor) -> str:
    return loading.load(read, strategy="skip", actor=actor)


def _foresee(read: files.Read) -> str:
    return loading.foresee(read, strategy="skip")


def _homes() -> list[Home]:
    """Our file stores that keep their files as Glance does, directly in a folder."""
    return [
        Home(name, PurePosixPath(root.resolve()))
        for name, root in configured_stores.flat_folders().items()
    ]
