"""Settings of images; formats, limits and quotas have Glance's names and defaults."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from typing_extensions import override

from catalog.conf import MOST, MOST_BYTES, MOST_THREADS, Section, setting
from images.sizes import bytes_of

_QUOTAS = ("property_quota", "tag_quota", "member_quota", "location_quota")
_PLACES = ("location_waiters", "location_waiters_each", "hashing_places", "hashing_places_each")


@dataclass(frozen=True, kw_only=True)
class ImagesConfig(Section):
    prefix: ClassVar[str] = "images"

    disk_formats: tuple[str, ...] = setting(
        ("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"),
        help="Disk formats an image may have.",
    )
    container_formats: tuple[str, ...] = setting(
        ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"),
        help="Container formats an image may have.",
    )
    property_quota: int = setting(128, help="Free properties per image; negative: any number.")
    tag_quota: int = setting(128, help="Tags per image; negative: any number.")
    member_quota: int = setting(128, help="Members per image; negative: any number.")
    location_quota: int = setting(10, help="Locations per image; negative: any number.")
    size_cap: int = setting(1 << 40, help="Most bytes that an image may have.")
    user_storage_quota: str = setting(
        "0",
        help="Most bytes that a project may store, as 500GB (B, KB, MB, GB, TB); 0: any number."
        " It counts while `limits` is off.",
    )
    count_limit: int = setting(
        100_000,
        help="Most images that a project has unless operators set a limit; 0: any number. It counts unless `limits` is"
        " keystone.",
    )
    limits: Literal["off", "local", "keystone"] = setting(
        "off",
        help="Where the limits of projects come from: none, this service's admin pages, Keystone.",
    )
    schema_image_file: Path | None = setting(
        None,
        help="schema-image.json: properties with schemas of their own; empty: the usual ones.",
    )
    property_protection_file: Path | None = setting(
        None, help="Property protections, in Glance's INI format; empty: no property is protected."
    )
    property_protection_rule_format: Literal["roles", "policies"] = setting(
        "roles", help="What the protection file names: roles, or rules of the policy file."
    )

    show_image_direct_url: bool = setting(
        False, help="Show `direct_url`, where the store keeps the data, to those who may know."
    )
    show_multiple_locations: bool = setting(
        False, help="Show `locations`, and let them be changed by PATCH."
    )
    do_secure_hash: bool = setting(
        True, help="Hash the data of locations that are added, and compare where a digest is given."
    )
    http_retries: int = setting(
        3, help="How often the data of a location is read before hashing it is given up."
    )
    location_waiters: int = setting(
        3,
        help="Requests per web process that may wait for the server of a location at once; more are answered 503.",
    )
    location_waiters_each: int = setting(
        1, help="How many of them may wait for the servers of one project's images."
    )
    hashing_places: int = setting(
        3, help="Locations that a worker process reads side by side: servers of others may be slow."
    )
    hashing_places_each: int = setting(
        1, help="How many of them may be read for the images of one project."
    )
    public_endpoint: str | None = setting(
        None, help="Address in the version document; empty: as clients reach the service."
    )

    @property
    def storage_quota(self) -> int:
        """`user_storage_quota` in bytes; 0: none."""
        return bytes_of(self.user_storage_quota)

    @override
    def problems(self) -> Iterable[str]:
        try:
            bytes_of(self.user_storage_quota)
        except ValueError as error:
            yield f"VITRINE_IMAGES_USER_STORAGE_QUOTA: {error}"
        yield from self.outside(1, MOST_THREADS, "http_retries", *_PLACES)
        yield from self.outside(1, MOST_BYTES, "size_cap")
        yield from self.outside(-1, MOST, "count_limit")
        yield from self.outside(-MOST, MOST, *_QUOTAS)
