"""The table, and the file of raw samples."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.record import Record, advantage, spread

NAME = 70


def table(record: Record) -> str:
    """Minimum, median and maximum of both services, and how many times better Vitrine's median is."""
    ours, theirs = "Vitrine min / median / max", "Glance min / median / max"
    head = f"{'':{NAME}} {'unit':5} {ours:>30} {theirs:>30} {'advantage':>10}"
    lines = [head, "-" * len(head)]
    for measure, samples in record.samples.items():
        mine, other = samples.get("vitrine"), samples.get("glance")
        better = advantage(measure, mine, other) if mine and other else None
        lines.append(
            f"{measure.name:{NAME}} {measure.unit:5} {_shown(mine):>30} {_shown(other):>30} "
            + (f"{better:9.2f}x" if better is not None else f"{'-':>10}")
        )
    return "\n".join([*lines, *(f"note: {note}" for note in record.notes)])


def _shown(samples: list[float] | None) -> str:
    if not samples:
        return "-"
    found = spread(samples)
    return " / ".join(_number(x) for x in (found.minimum, found.median, found.maximum))


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def document(record: Record, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Every sample in the order it was taken."""
    measures = [
        {"measure": m.name, "unit": m.unit, "better": m.better, "samples": samples}
        for m, samples in record.samples.items()
    ]
    return {"facts": facts, "measures": measures, "notes": record.notes}


def facts_text(facts: Mapping[str, Mapping[str, str]]) -> str:
    return "\n".join(
        f"{part}: " + ", ".join(f"{k} {v}" for k, v in values.items())
        for part, values in facts.items()
    )


def write(folder: Path, stem: str, text: str, raw: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.txt").write_text(text)
    (folder / f"{stem}.json").write_text(json.dumps(raw, indent=1) + "\n")
