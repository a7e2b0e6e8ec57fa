"""The images both services are filled with: image `i` of `n` is the same every time, in every service.

A hundred projects share them evenly. 5 % are public, 2 % community, 30 % shared (each with one other project, which
has accepted every second one), the rest private; 8 free properties and up to 2 tags each.
"""

import hashlib
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PROJECTS = 100
ACTOR = 7
"""Which of the projects the measured client belongs to."""

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
DISTROS = ("ubuntu", "debian", "centos", "fedora", "rhel", "opensuse", "windows", "arch")
_NAMESPACE = uuid.UUID("9c4a2c0e-2f0b-5e5b-9c0a-6f1d1f3f7a11")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedImage:
    """One image as both catalogs hold it; `member` is (project, status) for a shared one."""

    id: str
    name: str
    project: str
    visibility: str
    status: str = "active"
    size: int | None
    disk_format: str | None
    checksum: str
    os_hash_value: str
    created_at: datetime
    updated_at: datetime
    properties: dict[str, str]
    tags: tuple[str, ...]
    member: tuple[str, str] | None


def project(name: str) -> str:
    """An id as identity services make them, the same for the same name."""
    return uuid.uuid5(_NAMESPACE, name).hex


def projects(actor_project: str) -> list[str]:
    """The ids of the projects; the measured client's own stands at `ACTOR`."""
    found = [project(f"project-{i}") for i in range(PROJECTS)]
    found[ACTOR] = actor_project
    return found


def image_id(index: int) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"image-{index}"))


def own_indexes(count: int) -> range:
    """Which images of `count` belong to the measured client's project."""
    return range(ACTOR, count, PROJECTS)


def images(count: int, owners: Sequence[str]) -> Iterator[SeedImage]:
    for index in range(count):
        yield image(index, count, owners)


def image(index: int, count: int, owners: Sequence[str]) -> SeedImage:
    chance = random.Random(index)
    key = image_id(index)
    distro = chance.choice(DISTROS)
    visibility = _visibility(chance.random())
    return SeedImage(
        id=key,
        name=f"{distro}-{chance.randrange(count):06d}",
        project=owners[index % PROJECTS],
        visibility=visibility,
        size=chance.randrange(1 << 20, 1 << 34),
        disk_format=chance.choice(("qcow2", "raw", "vmdk", "iso")),
        checksum=hashlib.md5(key.encode()).hexdigest(),
        os_hash_value=hashlib.sha512(key.encode()).hexdigest(),
        created_at=BEGIN + timedelta(seconds=index),
        updated_at=BEGIN + timedelta(seconds=index),
        properties=_properties(index, distro, chance),
        tags=tuple(dict.fromkeys((f"tag-{chance.randrange(50):02d}", f"rel-{index % 10}"))),
        member=_member(index, owners) if visibility == "shared" else None,
    )


def _visibility(chance: float) -> str:
    for limit, name in ((0.05, "public"), (0.07, "community"), (0.37, "shared")):
        if chance < limit:
            return name
    return "private"


def _properties(index: int, distro: str, chance: random.Random) -> dict[str, str]:
    return {
        "os_distro": distro,
        "os_version": f"{chance.randrange(6, 30)}.{chance.randrange(12)}",
        "os_type": "windows" if distro == "windows" else "linux",
        "architecture": chance.choice(("x86_64", "aarch64")),
        "hw_disk_bus": chance.choice(("virtio", "scsi", "ide")),
        "hw_vif_model": chance.choice(("virtio", "e1000")),
        "build_id": f"b{index:08d}",
        "team": f"team-{chance.randrange(500):03d}",
    }


def _member(index: int, owners: Sequence[str]) -> tuple[str, str]:
    other = owners[(index * 31 + 1 + index // PROJECTS) % PROJECTS]
    if other == owners[index % PROJECTS]:
        other = owners[(index + 1) % PROJECTS]
    return other, "accepted" if index % 2 else "pending"
