"""Settings of images; formats, limits and quotas have Glance's names and defaults."""

from dataclasses import dataclass
from typing import ClassVar

from catalog.conf import Section, setting


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
