"""Settings of images; formats, limits and quotas have Glance's names and defaults."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

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
    property_protection_file: Path | None = setting(
        None, help="Property protections, in Glance's INI format; empty: no property is protected."
    )
    property_protection_rule_format: Literal["roles", "policies"] = setting(
        "roles", help="What the protection file names: roles, or rules of the policy file."
    )
