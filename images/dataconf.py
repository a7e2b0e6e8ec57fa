"""Settings of image data: what is computed of it and what is checked; Glance's names and defaults where it has them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from catalog.conf import Section, setting


@dataclass(frozen=True, kw_only=True)
class ImageDataConfig(Section):
    prefix: ClassVar[str] = "image_data"

    hashing_algorithm: str = setting(
        "sha512", help="Hash of an image's data beside MD5, by its name in Python's hashlib."
    )
    require_image_format_match: bool = setting(
        True, help="Refuse data that is not of the disk format that the image says."
    )
    gpt_safety_checks_nonfatal: tuple[str, ...] = setting(
        (), help="Checks of partition tables that refuse no image; there is one: `mbr`."
    )

    @override
    def problems(self) -> Iterable[str]:
        name = self.hashing_algorithm
        if name not in hashlib.algorithms_available or not hashlib.new(name).digest_size:
            yield f"image_data.hashing_algorithm={name!r} is no hash of a fixed length on this machine"
        for check in set(self.gpt_safety_checks_nonfatal) - {"mbr"}:
            yield f"image_data.gpt_safety_checks_nonfatal: there is no check {check!r}; only 'mbr'"
