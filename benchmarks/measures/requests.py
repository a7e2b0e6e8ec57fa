"""Small requests, many at once: show, create, change; requests/s by wrk, the same script for both services."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.client import Client
from benchmarks.measures.scale import Scale
from benchmarks.population import image_id, own_indexes
from benchmarks.record import Measure, Record, in_turn
from benchmarks.subject import BenchmarkError, Subject

SCRIPT = Path(__file__).parent / "requests.lua"
KINDS = ("show", "create", "patch")
IDS = 1000
"""So many that requests at the same time do not meet at one image."""
_RATE = re.compile(r"^Requests/sec:\s+([\d.]+)", re.MULTILINE)
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_MEDIAN = re.compile(r"^\s+50%\s+([\d.]+)(us|ms|s)\s*$", re.MULTILINE)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def measure(subjects: Sequence[Subject], scale: Scale, record: Record, count: int) -> None:
    """`count` images are in the catalogs; only the measured project's own ones are asked for."""
    ids = [image_id(i) for i in own_indexes(count)][:IDS]
    for kind in KINDS:
        what = f"{kind}, wrk -t{scale.wrk_threads} -c{scale.wrk_connections}, {count} images"
        rate, median = Measure(what, "req/s", "more"), Measure(f"{what}, p50", "ms", "less")
        for subject in subjects:
            _wrk(subject, kind, ids, scale, 1)
        for _, subject in in_turn(subjects, scale.rounds, record):
            per_second, p50 = _wrk(subject, kind, ids, scale, scale.wrk_seconds)
            record.add(rate, subject, per_second)
            record.add(median, subject, p50 * 1000)
    for subject in subjects:
        _require_changed(subject, ids)


def _wrk(
    subject: Subject, kind: str, ids: Sequence[str], scale: Scale, seconds: int
) -> tuple[float, float]:
    with tempfile.NamedTemporaryFile("w", suffix=".ids") as listed:
        listed.write("\n".join(ids))
        listed.flush()
        token = subject.headers("member")["X-Auth-Token"]
        command = [
            "wrk",
            f"-t{scale.wrk_threads}",
            f"-c{scale.wrk_connections}",
            f"-d{seconds}s",
            "--timeout",
            "30s",
            "--latency",
            "-s",
            str(SCRIPT),
            f"http://127.0.0.1:{subject.port}/",
            "--",
            kind,
            subject.path("images"),
            token,
            listed.name,
        ]
        done = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    if done.returncode or _REFUSED.search(done.stdout):
        raise BenchmarkError(f"{subject.name}: wrk {kind}:\n{done.stdout}")
    rate, median = _RATE.search(done.stdout), _MEDIAN.search(done.stdout)
    if rate is None or median is None:
        raise BenchmarkError(f"wrk's output is not understood:\n{done.stdout}")
    return float(rate[1]), float(median[1]) * _SECONDS[median[2]]


def _require_changed(subject: Subject, ids: Sequence[str]) -> None:
    client = Client(subject)
    shown = [client.request("GET", f"images/{one}", expect=200).json() for one in ids[:20]]
    if not any(image["build_id"].startswith("changed-") for image in shown):
        raise BenchmarkError(f"{subject.name} answered changes with success and did not make them")
    client.close()
