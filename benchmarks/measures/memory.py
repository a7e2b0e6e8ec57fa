"""How far a big upload raises the service's resident memory, summed over its processes."""

import time
from collections.abc import Sequence

from benchmarks.client import MIB, Client, Content, Noise, upload
from benchmarks.measures.scale import Scale
from benchmarks.measures.transfers import new_image
from benchmarks.processes import MemoryWatch, family, proportional
from benchmarks.record import Measure, Record, in_turn
from benchmarks.subject import Subject


def measure(subjects: Sequence[Subject], scale: Scale, record: Record) -> None:
    """The first round finds the services as they started, with whatever a first upload makes them load."""
    noise = Noise(scale.chunk)
    size = f"{scale.memory // MIB} MiB upload"
    before = Measure(f"memory before a {size}", "MiB", "less")
    shared = Measure(f"memory before a {size}, shared pages once", "MiB", "less")
    risen = Measure(f"memory: peak over before, {size}", "MiB", "less")
    for number, subject in in_turn(subjects, scale.memory_rounds, record):
        client = Client(subject)
        image = new_image(client, "memory")
        time.sleep(1)
        proportion = proportional(family(subject.root_pid()))
        with MemoryWatch(subject.root_pid()) as watch:
            upload(subject, image, Content(scale.memory, f"memory {number}", noise), "length")
        record.add(before, subject, watch.base / MIB)
        record.add(shared, subject, proportion / MIB)
        record.add(risen, subject, (watch.peak - watch.base) / MIB)
        client.request("DELETE", f"images/{image}", expect=204)
        client.close()
