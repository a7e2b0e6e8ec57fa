"""Documents as JSON has them; their fields and what is declared of their properties are `tests.search.corpus`'s."""

import random
from typing import Any

WORDS = [
    "web",
    "server",
    "debian",
    "quick",
    "brown",
    "fox",
    "Café",
    "Über",
    "22.04",
    "日本",
    "golden",
]
TAGS = ["golden", "silver", "web", "Web", "my tag", "x-1", "été", "server"]
STATUSES, OWNERS = ["active", "queued", "deactivated"], ["p0", "p1", "p2"]
FORMATS = [None, "raw", "qcow2", "a/b", "A:b"]
SIZES = [None, 0, 7, 9, 10, 1024, -1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
SYSTEMS = ["ubuntu", "debian", "Ubuntu Core", "x/y", "été"]
PROPERTIES = {
    "os_distro": "keyword", "a.b": "keyword", "_mine": "keyword", "version": "keyword", "sep\x1fkey": "keyword",
    "sep": "keyword", "long": "keyword", "cores": "long", "ratio": "double", "on": "boolean", "born": "date",
}  # fmt: skip
"""The keys there are, and their types where the raw index has them."""
LONG = {length: f"{length} " + "ab" * (length // 2) for length in (8_189, 8_192, 12_000, 16_000)}


def documents() -> dict[str, dict[str, Any]]:
    """By id: a hundred and sixty, of all combinations that chance makes; a few hold none of it."""
    chance = random.Random(31)
    return {f"{n:08}-{n % 7}": _document(chance, n) for n in range(160)}


def _document(chance: random.Random, n: int) -> dict[str, Any]:
    properties = _properties(chance, n)
    found: dict[str, Any] = {
        "name": _text(chance, 1, 4),
        "description": _text(chance, 2, 9) if chance.random() < 0.7 else None,
        "tags": chance.sample(TAGS, chance.randrange(4)),
        "status": chance.choice(STATUSES),
        "visibility": chance.choice(["private", "public"]),
        "owner": chance.choice(OWNERS),
        "format": chance.choice(FORMATS),
        "size": chance.choice(SIZES),
        "weight": chance.choice([None, 0.5, 2.5, -3.25, 1e18, 7.0]),
        "valid": chance.choice([None, True, False]),
        "created_at": _moment(chance),
        "updated_at": _moment(chance),
        "properties": properties,
        "property_text": [f"{key} {value}" for key, value in properties.items() if key != "long"],
    }
    return {key: value for key, value in found.items() if value is not None} if n else {}


def _properties(chance: random.Random, n: int) -> dict[str, str]:
    held = {
        "os_distro": chance.choice(SYSTEMS),
        "a.b": chance.choice(["dot", "dots"]),
        "_mine": chance.choice(["yes", "no"]),
        "version": chance.choice(["1.0", "1.1", "2"]),
        "sep\x1fkey": chance.choice(["v", "w"]),
        "sep": chance.choice(["key\x1fv", "key", "v"]),
        "cores": chance.choice(["1", "2", "4", "007", "1024", "9223372036854775807"]),
        "ratio": chance.choice(["0.5", "2.5", "1e3", "1024"]),
        "on": chance.choice(["true", "false"]),
        "born": chance.choice(["2026-02-03", "2026-01-31T22:30:00Z", "2026-02"]),
    }
    kept = {key: value for key, value in held.items() if chance.random() < 0.6}
    return kept | ({"long": list(LONG.values())[n // 20 % 4]} if n % 20 == 1 else {})


def _text(chance: random.Random, least: int, most: int) -> str:
    words = [chance.choice(WORDS) for _ in range(chance.randint(least, most))]
    return chance.choice([" ", " - ", ", ", "/"]).join(words)


def _moment(chance: random.Random) -> str:
    """Days and their borders, in milliseconds."""
    day = f"2026-{chance.randint(1, 3):02}-{chance.choice([1, 2, 15, 28]):02}"
    time = chance.choice(["00:00:00.000", "23:59:59.999", "12:30:00.250", "00:00:00.001"])
    return f"{day}T{time}Z"
