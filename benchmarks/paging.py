"""Whether a page of the image list costs the same in a catalog of a million images as in one of ten thousand.

`python -m benchmarks.paging` fills a scratch database on PostgreSQL with each number of images, runs the list for
every declared sort, both directions, the first page and the page after a marker half-way, for three callers, and adds
up the buffers that its statements touched. The bound: at most twice as many in the big catalog; exit code 1 when
broken.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import django

from benchmarks import databases, infrastructure, paging_population

if TYPE_CHECKING:
    from benchmarks.plans import Cost
    from catalog.actors import Actor

PAGE = 100
BOUND = 2.0
DATABASE = "bench_paging"


class Case(NamedTuple):
    """One list: who asks, in which order, and which page."""

    caller: str
    sort: str
    direction: str
    page: str
    filter: str = ""


def measure(rows: int) -> dict[Case, "Cost"]:
    """Fill Django's database (PostgreSQL, its artifacts are replaced) with `rows` images and cost every list."""
    from artifacts import sorting  # noqa: PLC0415 - after django.setup()
    from benchmarks.plans import cost_of  # noqa: PLC0415 - the same
    from benchmarks.vitrine.seed import load, plain_connection  # noqa: PLC0415 - the same

    with plain_connection() as connection:
        load(connection, paging_population.images(rows))
    found = {}
    for caller, actor in _callers().items():
        for sort in sorting.KEYS:
            middle = _middle(actor, sort)
            for direction in ("asc", "desc"):
                for page, marker in (("first", ""), ("after the middle", f"&marker={middle}")):
                    query = f"limit={PAGE}&sort={sort}:{direction}{marker}"
                    case = Case(caller, sort, direction, page)
                    found[case] = cost_of(partial(_listed, actor, query))
        for name, asked in _filters(actor).items():
            for sort, direction in (("created_at", "desc"), ("name", "asc")):
                query = f"limit={PAGE}&sort={sort}:{direction}&{asked}"
                case = Case(caller, sort, direction, "first", name)
                found[case] = cost_of(partial(_listed, actor, query))
    return found


def broken(
    small: Mapping[Case, "Cost"], big: Mapping[Case, "Cost"], bound: float = BOUND
) -> list[str]:
    """A sentence for every list that touches more than `bound` times the buffers in the big catalog.

    A filter may cost as much as the same page without it: where that page is cheap, PostgreSQL reads it and looks.
    """
    return [
        f"{' '.join(case)}: {big[case].buffers} buffers, {small[case].buffers} in the small catalog"
        for case in small
        if big[case].buffers
        > bound * max(small[case].buffers, small[case._replace(filter="")].buffers)
    ]


def table(small: Mapping[Case, "Cost"], big: Mapping[Case, "Cost"]) -> str:
    head = (
        f"{'caller':8} {'sort':17} {'':5} {'page':17} {'filter':14} {'statements':>10} {'buffers':>16} {'ratio':>6}"
        f" {'ms':>16}"
    )
    lines = [head, "-" * len(head)]
    for case, one in small.items():
        other = big[case]
        lines.append(
            f"{case.caller:8} {case.sort:17} {case.direction:5} {case.page:17} {case.filter:14} {other.statements:10} "
            f"{one.buffers:7} {other.buffers:8} {other.buffers / max(one.buffers, 1):6.2f} "
            f"{one.milliseconds:7.2f} {other.milliseconds:8.2f}"
        )
    return "\n".join(lines)


def _callers() -> dict[str, "Actor"]:
    from catalog.actors import Actor  # noqa: PLC0415 - after django.setup()

    usual = frozenset({"member", "reader"})
    return {
        "small": Actor(user_id="u", project_id=paging_population.SMALL, roles=usual),
        "usual": Actor(user_id="u", project_id=paging_population.USUAL, roles=usual),
        "admin": Actor(
            user_id="u", project_id=paging_population.SMALL, roles=usual | {"admin"}, is_admin=True
        ),
    }


def _filters(actor: "Actor") -> dict[str, str]:
    """The filters that have an index, each so that what it finds does not grow with the catalog."""
    from artifacts.models import Artifact  # noqa: PLC0415 - after django.setup()

    one = Artifact.objects.filter(visibility="public").order_by("id")[5]
    return {
        "id": f"id={one.pk}",
        "name": f"name={one.name}",
        "several names": f"name=in:{one.name},nothing",
        "size": f"size={one.size}",
        "checksum": f"checksum={one.fields['checksum']}",
        "os_hash_value": f"os_hash_value={one.fields['os_hash_value']}",
        "a property": f"build_id={one.properties['build_id']}",
        "owner": f"owner={actor.project_id}",
        "visibility": "visibility=public",
    }


def _listed(actor: "Actor", query: str) -> list[dict[str, Any]]:
    """The rows of `GET /v2/images?query`, by the statements that the view makes."""
    from django.http import QueryDict  # noqa: PLC0415 - after django.setup()

    from images import selectors  # noqa: PLC0415 - the same
    from images.api.v2 import filters  # noqa: PLC0415 - the same

    asked = QueryDict(query)
    listing = selectors.listed(
        actor,
        rows=filters.filtered(asked, actor),
        scope=filters.scope(asked),
        page=filters.page(asked),
    )
    rows = list(listing.rows)
    if not rows:
        raise AssertionError(f"an empty page says nothing about its cost: {query}")
    return rows


def _middle(actor: "Actor", sort: str) -> str:
    """The id in the middle of everything that the actor lists, in this order."""
    from django.db.models import Q  # noqa: PLC0415 - the same

    from artifacts import sorting, visibility  # noqa: PLC0415 - after django.setup()
    from artifacts.models import Artifact  # noqa: PLC0415 - the same
    from images.models import TYPE  # noqa: PLC0415 - the same

    listed = Q()
    for branch in visibility.branches(actor, visibility.Scope()):
        listed |= branch.condition
    rows = Artifact.objects.filter(listed, type=TYPE, deleted_at=None, hidden=False)
    ordered = rows.order_by(*(sorting.KEYS[column] for column in sorting.columns(sort)))
    return str(ordered.values_list("id", flat=True)[rows.count() // 2])


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.database:
        return _run(options.database, options.base, options.rows)
    with tempfile.TemporaryDirectory(prefix="vitrine-paging-", dir=options.folder) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with infrastructure.servers(folder) as servers:
            return _run(servers.postgres, options.base, options.rows)


def _run(server: str, base: int, rows: int) -> int:
    databases.create(server, DATABASE)
    try:
        with tempfile.TemporaryDirectory() as data:
            _set_up(databases.address(server, DATABASE), data)
            small, big = _timed(base), _timed(rows)
    finally:
        databases.drop(server, DATABASE)
    print(f"\nbuffers and ms: {base} images, {rows} images; pages of {PAGE}\n{table(small, big)}")
    found = broken(small, big)
    for sentence in found:
        print(f"BROKEN: {sentence}")
    print(f"{len(small) - len(found)} of {len(small)} lists keep the bound of {BOUND:g} times")
    return 1 if found else 0


def _timed(rows: int) -> dict[Case, "Cost"]:
    begun = time.monotonic()
    found = measure(rows)
    print(f"{rows} images: filled and measured in {time.monotonic() - begun:.0f} s", flush=True)
    return found


def _set_up(database: str, data: str) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "settings.base",
        "VITRINE_PROFILE": "embedded",
        "VITRINE_DATABASE_URL": database,
        "VITRINE_DATA_DIR": data,
        "VITRINE_LOG_LEVEL": "WARNING",
    }
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - after django.setup()

    call_command("migrate", verbosity=0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paging", description=__doc__)
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="images in the big catalog (1000000)"
    )
    parser.add_argument(
        "--base", type=int, default=10_000, help="images in the small catalog (10000)"
    )
    parser.add_argument(
        "--database", metavar="URL", help="a PostgreSQL server to use; default: one of its own"
    )
    parser.add_argument(
        "--folder", type=Path, help="where its own server's folder is made (the temporary folder)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
