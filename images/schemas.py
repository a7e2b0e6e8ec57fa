"""The image as JSON Schema: served to clients, and what writes are validated against."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from catalog.conf import section
from catalog.errors import Invalid
from catalog.schemas import refusal
from images.conf import ImagesConfig
from images.lifecycle import STATUSES
from images.schemafile import Custom, read
from metadefs import patterns

UUID = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
FORMS = {UUID: "a UUID such as 7b97f37c-899d-44e8-aaa0-543edbc4eaad"}
"""What refusals call the forms of values."""
LARGEST_INT = 2**31 - 1
ENOUGH = 10
"""How many errors are looked at to name the best of them: a document may have one per byte."""

READ_ONLY = frozenset(
    "created_at updated_at status checksum size virtual_size direct_url self file schema id"
    " os_hash_algo os_hash_value stores os_detected_format".split()
)
OTHERWISE = "os_detected_format"
"""What an image's data is, where that is not its `disk_format`; no other image has it."""
RESERVED = frozenset({"location", "deleted", "deleted_at"})
RESERVED_PREFIX = "os_glance"
NAMED_UUID = {"type": ["null", "string"], "pattern": UUID, "is_base": False}
LOCATION = {
    "type": "object",
    "required": ["url", "metadata"],
    "properties": {
        "url": {"type": "string", "maxLength": 255},
        "metadata": {"type": "object"},
        "validation_data": {
            "type": "object",
            "writeOnly": True,
            "additionalProperties": False,
            "required": ["os_hash_algo", "os_hash_value"],
            "properties": {
                "checksum": {"type": "string", "minLength": 32, "maxLength": 32},
                "os_hash_algo": {"type": "string", "maxLength": 64},
                "os_hash_value": {"type": "string", "maxLength": 128},
            },
        },
    },
}


class InvalidImage(Invalid):
    """A field of the image has a value it cannot have."""

    code = "invalid_image"


def _text(
    longest: int, *, description: str, nullable: bool = True, read_only: bool = False
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": ["null", "string"] if nullable else "string",
        "maxLength": longest,
        "description": description,
    }
    return found | ({"readOnly": True} if read_only else {})


def base(config: ImagesConfig) -> dict[str, Any]:
    """The base fields; formats are as configured."""
    number = {"minimum": 0, "maximum": LARGEST_INT, "type": "integer"}
    return {
        "id": {"type": "string", "pattern": UUID, "description": "An identifier for the image"},
        "name": _text(255, description="A name for people; several images may share it"),
        "status": {
            "type": "string",
            "enum": list(STATUSES),
            "readOnly": True,
            "description": "Status of the image",
        },
        "visibility": {
            "type": "string",
            "enum": ["community", "public", "private", "shared"],
            "description": "Who can find the image",
        },
        "protected": {"type": "boolean", "description": "Whether the image is kept from deletion"},
        "os_hidden": {
            "type": "boolean",
            "description": "Whether default lists leave the image out",
        },
        "checksum": _text(32, description="MD5 of the data", read_only=True),
        "os_hash_algo": _text(64, description="Algorithm of os_hash_value", read_only=True),
        "os_hash_value": _text(
            128, description="Digest of the data in hexadecimal", read_only=True
        ),
        OTHERWISE: _text(
            20, description="What the data is, where it is not of disk_format", read_only=True
        ),
        "owner": _text(255, description="Project that the image belongs to"),
        "size": {
            "type": ["null", "integer"],
            "readOnly": True,
            "description": "Size of the data in bytes",
        },
        "virtual_size": {
            "type": ["null", "integer"],
            "readOnly": True,
            "description": "Size of the disk in bytes",
        },
        "container_format": {
            "type": ["null", "string"],
            "enum": [None, *config.container_formats],
            "description": "Format of the container",
        },
        "disk_format": {
            "type": ["null", "string"],
            "enum": [None, *config.disk_formats],
            "description": "Format of the disk",
        },
        "created_at": {
            "type": "string",
            "readOnly": True,
            "description": "When the image was registered",
        },
        "updated_at": {
            "type": "string",
            "readOnly": True,
            "description": "When the image last changed",
        },
        "tags": {
            "type": "array",
            "items": {"type": "string", "maxLength": 255},
            "description": "Words that the image is filed under",
        },
        "min_ram": {**number, "description": "Memory in MB that booting needs"},
        "min_disk": {**number, "description": "Disk in GB that booting needs"},
        "self": {"type": "string", "readOnly": True, "description": "Path of the image"},
        "file": {"type": "string", "readOnly": True, "description": "Path of the data"},
        "schema": {"type": "string", "readOnly": True, "description": "Path of this schema"},
        "direct_url": {
            "type": "string",
            "readOnly": True,
            "description": "Where the store keeps the data",
        },
        "locations": {
            "type": "array",
            "items": LOCATION,
            "description": "Where the data can be read",
        },
        "stores": {"type": "string", "readOnly": True, "description": "Stores that hold the data"},
    }


def declared() -> Mapping[str, Any]:
    """What this service declares beyond the base fields when no schema file is given."""
    text = {"type": "string", "is_base": False}
    return {
        "kernel_id": {**NAMED_UUID, "description": "Image with the kernel"},
        "ramdisk_id": {**NAMED_UUID, "description": "Image with the ramdisk"},
        "instance_uuid": {**text, "description": "Instance the image was made of"},
        "architecture": {**text, "description": "Processor architecture"},
        "os_distro": {**text, "description": "Distribution, in lower case"},
        "os_version": {**text, "description": "Version of the operating system"},
        "description": {**text, "description": "What the image is, for people"},
        "cinder_encryption_key_id": {**text, "description": "Key of an encrypted volume's image"},
        "cinder_encryption_key_deletion_policy": {
            **text,
            "enum": ["on_image_deletion", "do_not_delete"],
            "description": "What becomes of that key when the image is deleted",
        },
    }


BASE = frozenset(
    "id name status visibility protected os_hidden checksum os_hash_algo os_hash_value owner size"
    " virtual_size container_format disk_format created_at updated_at tags min_ram min_disk self"
    " file schema direct_url locations stores os_detected_format".split()
)
CLOSED = (READ_ONLY | {"locations"}) - {"id"}
"""Base fields that no document sets when it creates an image."""


def custom(config: ImagesConfig) -> Custom:
    """What is declared beyond the base fields; SchemaFileWrong."""
    if config.schema_image_file is None:
        return Custom(declared())
    return read(config.schema_image_file, base(config), closed=CLOSED)


def nullable() -> frozenset[str]:
    """The declared properties whose value may be null; it is kept as the empty text."""
    return _nullable(section(ImagesConfig))


@lru_cache(maxsize=4)
def _nullable(config: ImagesConfig) -> frozenset[str]:
    declared = custom(config).properties
    return frozenset(name for name, one in declared.items() if _Validator(one).is_valid(None))


def image() -> Mapping[str, Any]:
    """`/v2/schemas/image`."""
    return _image(section(ImagesConfig))


@lru_cache(maxsize=4)
def _image(config: ImagesConfig) -> Mapping[str, Any]:
    links = [
        {"rel": "self", "href": "{self}"},
        {"rel": "enclosure", "href": "{file}"},
        {"rel": "describedby", "href": "{schema}"},
    ]
    more = custom(config)
    found = {
        "name": "image",
        "properties": {**base(config), **more.properties},
        "additionalProperties": {"type": "string"},
        "links": links,
    }
    return found | ({"required": list(more.required)} if more.required else {})


def images() -> Mapping[str, Any]:
    """`/v2/schemas/images`."""
    text = {"type": "string"}
    links = [
        {"rel": "first", "href": "{first}"},
        {"rel": "next", "href": "{next}"},
        {"rel": "describedby", "href": "{schema}"},
    ]
    return {
        "name": "images",
        "links": links,
        "properties": {
            "images": {"type": "array", "items": image()},
            "first": text,
            "next": text,
            "schema": text,
        },
    }


def minimal(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "properties": dict(fields)}


def member() -> dict[str, Any]:
    """`/v2/schemas/member`."""
    text = {"type": "string"}
    return minimal(
        "member",
        {
            "created_at": text,
            "image_id": {**text, "pattern": UUID},
            "member_id": text,
            "schema": text,
            "status": {**text, "enum": ["pending", "accepted", "rejected"]},
            "updated_at": text,
        },
    )


def members() -> dict[str, Any]:
    """`/v2/schemas/members`."""
    found = minimal(
        "members", {"members": {"type": "array", "items": member()}, "schema": {"type": "string"}}
    )
    return found | {"links": [{"rel": "describedby", "href": "{schema}"}]}


def _found(_owner: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """`pattern`, in time linear in the value."""
    if isinstance(value, str) and not patterns.found_in(pattern, value):
        yield ValidationError("is not of this form")


_Validator: Any = extend(  # type: ignore[no-untyped-call]  # the stubs leave it open
    Draft202012Validator, {"pattern": _found}
)


@lru_cache(maxsize=4)
def _validator(config: ImagesConfig) -> Any:
    fragment = {key: value for key, value in _image(config).items() if key != "required"}
    return _Validator({**fragment, "type": "object"})


def validate(document: Mapping[str, Any], *, whole: bool = False) -> None:
    """An image as a client may send it, or some of its fields; InvalidImage names the field and the rule.

    What the schema requires is only asked of a `whole` one.
    """
    for key in document:
        if len(key) > 255 or not key:
            raise InvalidImage("property names have 1 to 255 characters", property=key[:80])
    config = section(ImagesConfig)
    error = best_match(islice(_validator(config).iter_errors(dict(document)), ENOUGH))
    if error is not None:
        where = ".".join(str(p) for p in error.absolute_path)
        said = refusal(error, FORMS)
        raise InvalidImage(f"invalid value for {where or 'the image'}: {said}", property=where)
    missing = [name for name in _image(config).get("required", ()) if name not in document]
    if whole and missing:
        raise InvalidImage(f"this site requires {', '.join(missing)}", required=missing)
