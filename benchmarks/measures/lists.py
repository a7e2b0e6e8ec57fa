"""One page of 100 from a catalog of many images: seconds per request, one client, one request at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks.client import Client
from benchmarks.measures.scale import Scale
from benchmarks.population import image as seeded
from benchmarks.population import image_id, own_indexes, projects
from benchmarks.record import Measure, Record, in_turn
from benchmarks.subject import BenchmarkError, Role, Subject

PAGE = 100


@dataclass(frozen=True, slots=True)
class Query:
    name: str
    parameters: str


def measure(subjects: Sequence[Subject], scale: Scale, record: Record, count: int) -> None:
    for role in ("member", "admin"):
        for query in queries(count, subjects[0].project()):
            measure = Measure(f"list of {PAGE}, {count} images, {role}, {query.name}", "ms", "less")
            _one(subjects, scale, record, measure, (role, query))


def queries(count: int, project: str) -> list[Query]:
    """The lists that are compared; the marker is an own image in the middle, the name that of another own one."""
    own = own_indexes(count)
    middle = own[len(own) // 2]
    named = seeded(own[len(own) // 3], count, projects(project))
    return [
        Query("plain", ""),
        Query("sort=name:asc", "&sort=name:asc"),
        Query("sort=size:desc", "&sort=size:desc"),
        Query("1 property", "&os_distro=ubuntu"),
        Query("2 properties", "&os_distro=ubuntu&architecture=aarch64"),
        Query("1 rare property", f"&build_id={quote(named.properties['build_id'])}"),
        Query("name", f"&name={quote(named.name)}"),
        Query("marker half-way", f"&marker={image_id(middle)}"),
        Query("marker half-way, sort=name:asc", f"&sort=name:asc&marker={image_id(middle)}"),
    ]


def _one(
    subjects: Sequence[Subject],
    scale: Scale,
    record: Record,
    measure: Measure,
    asked: tuple[Role, Query],
) -> None:
    role, query = asked
    clients = {subject.name: Client(subject, role) for subject in subjects}
    tail = f"images?limit={PAGE}{query.parameters}"
    found = {name: _ids(client, tail) for name, client in clients.items()}
    _compare(record, measure, found)
    for _, subject in in_turn(subjects, scale.list_rounds, record):
        for _ in range(scale.list_requests):
            answer = clients[subject.name].request("GET", tail, expect=200)
            record.add(measure, subject, answer.seconds * 1000)
    for client in clients.values():
        client.close()


def _ids(client: Client, tail: str) -> list[str]:
    return [image["id"] for image in client.request("GET", tail, expect=200).json()["images"]]


def _compare(record: Record, measure: Measure, found: dict[str, list[str]]) -> None:
    """Both services must show the same images; what ties may do (another order, the last one or two) is noted."""
    first, *others = found.values()
    for other in others:
        shared = len(set(first) & set(other))
        if len(first) != len(other) or shared < len(first) - 2:
            raise BenchmarkError(
                f"{measure.name}: {len(first)} and {len(other)} images, {shared} the same"
            )
        if first != other:
            record.note(
                f"{measure.name}: {shared} of {len(first)} images the same, in another order"
            )
