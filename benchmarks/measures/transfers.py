"""Image data in and out: MB/s as the client sees it, up to the answer, and up to the disk."""

import hashlib
import os
import time
from collections.abc import Sequence

from benchmarks.client import Client, Content, Framing, Noise, download, upload
from benchmarks.measures.scale import Scale
from benchmarks.record import Measure, Record, in_turn
from benchmarks.subject import BenchmarkError, Subject

MB = 1_000_000


def measure(subjects: Sequence[Subject], scale: Scale, record: Record) -> None:
    noise = Noise(scale.chunk)
    for framing in ("length", "chunked"):
        _uploads(subjects, scale, record, framing, noise)
    _downloads(subjects, scale, record, noise)


def new_image(client: Client, name: str) -> str:
    document = {"name": name, "disk_format": "raw", "container_format": "bare"}
    return str(client.request("POST", "images", document, expect=201).json()["id"])


def _uploads(
    subjects: Sequence[Subject], scale: Scale, record: Record, framing: Framing, noise: Noise
) -> None:
    kind = "Content-Length" if framing == "length" else f"chunked {scale.chunk // 1024} KiB"
    answered = Measure(f"upload, {kind}, to the answer", "MB/s", "more")
    durable = Measure(f"upload, {kind}, to the disk (sync)", "MB/s", "more")
    for number, subject in in_turn(subjects, scale.rounds, record):
        content = Content(scale.transfer, f"{framing} {number}", noise)
        client = Client(subject)
        image = new_image(client, f"upload {framing} {number}")
        os.sync()
        begun = time.perf_counter()
        seconds = upload(subject, image, content, framing)
        os.sync()
        synced = time.perf_counter() - begun
        record.add(answered, subject, scale.transfer / seconds / MB)
        record.add(durable, subject, scale.transfer / synced / MB)
        _require_intact(subject, client, image, content)
        client.request("DELETE", f"images/{image}", expect=204)
        client.close()


def _downloads(subjects: Sequence[Subject], scale: Scale, record: Record, noise: Noise) -> None:
    measure = Measure("download, from the page cache", "MB/s", "more")
    content = Content(scale.transfer, "download", noise)
    held = {}
    for subject in subjects:
        client = Client(subject)
        held[subject.name] = new_image(client, "download")
        upload(subject, held[subject.name], content, "length")
        _require_intact(subject, client, held[subject.name], content)
        client.close()
    os.sync()
    for _, subject in in_turn(subjects, scale.rounds, record):
        seconds, count = download(subject, held[subject.name])
        if count != scale.transfer:
            raise BenchmarkError(f"{subject.name} sent {count} of {scale.transfer} bytes")
        record.add(measure, subject, scale.transfer / seconds / MB)
    for subject in subjects:
        Client(subject).request("DELETE", f"images/{held[subject.name]}", expect=204)


def _require_intact(subject: Subject, client: Client, image: str, content: Content) -> None:
    """The service knows the right digests, and gives the same bytes back."""
    shown = client.request("GET", f"images/{image}", expect=200).json()
    wanted, got = hashlib.sha512(), hashlib.sha512()
    for block in content.blocks():
        wanted.update(block)
    download(subject, image, got)
    if (
        not shown["os_hash_value"] == wanted.hexdigest() == got.hexdigest()
        or shown["size"] != content.size
    ):
        raise BenchmarkError(f"{subject.name} does not hold what was uploaded")
