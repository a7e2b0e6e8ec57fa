"""Small requests while a big upload runs: what a page costs the one who only looks something up."""

import multiprocessing
import statistics
import time
from collections.abc import Sequence

from benchmarks.client import Client, Content, Noise, upload
from benchmarks.measures.scale import Scale
from benchmarks.measures.transfers import new_image
from benchmarks.record import Measure, Record, in_turn
from benchmarks.subject import BenchmarkError, Subject

IDLE_SECONDS = 2.0


def measure(subjects: Sequence[Subject], scale: Scale, record: Record) -> None:
    idle = Measure("show, one client, idle, p50", "ms", "less")
    busy = Measure("show, one client, during an upload, p50", "ms", "less")
    for number, subject in in_turn(subjects, scale.rounds, record):
        client = Client(subject)
        shown = new_image(client, "shown")
        record.add(
            idle, subject, _median_until(client, shown, time.monotonic() + IDLE_SECONDS, None)
        )
        target = new_image(client, "upload")
        sender = multiprocessing.get_context("fork").Process(
            target=_send, args=(subject, target, scale.transfer, scale.chunk, number)
        )
        sender.start()
        record.add(busy, subject, _median_until(client, shown, None, sender))
        sender.join()
        if sender.exitcode:
            raise BenchmarkError(f"{subject.name}: the upload beside small requests failed")
        for image in (shown, target):
            client.request("DELETE", f"images/{image}", expect=204)
        client.close()


def _send(subject: Subject, image: str, size: int, chunk: int, number: int) -> None:
    upload(subject, image, Content(size, f"mixed {number}", Noise(chunk)), "length")


def _median_until(
    client: Client,
    image: str,
    deadline: float | None,
    sender: multiprocessing.process.BaseProcess | None,
) -> float:
    """Milliseconds; asks twenty times a second at most, so that the asking is no load of its own."""
    samples = []
    while True:
        samples.append(client.request("GET", f"images/{image}", expect=200).seconds * 1000)
        if deadline is not None and time.monotonic() > deadline:
            break
        if sender is not None and not sender.is_alive():
            break
        time.sleep(0.05)
    return statistics.median(samples)
