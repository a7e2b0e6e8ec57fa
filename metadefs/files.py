"""Files of definitions: one namespace each, in the format of `etc/metadefs/*.json`. No database.

They are read more kindly than bodies: unknown keys are passed over, long descriptions kept, and a
namespace that names no visibility is public.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from metadefs import reading, schema
from metadefs.drafts import NamespaceDraft
from metadefs.errors import InvalidDefinition, Mode

OWNER = "admin"
_TEXT = {"type": ["string", "null"]}
_DEFINITIONS = {"type": "object", "additionalProperties": {"type": "object"}}
_ASSOCIATION = {
    "prefix": _TEXT,
    "properties_target": _TEXT,
    "mode": {"enum": ["enforce", "warn", "off"]},
    "strict": {"type": "boolean"},
}
_OBJECT = {
    "description": _TEXT,
    "required": {"type": "array", "items": {"type": "string"}},
    "properties": _DEFINITIONS,
}


def _array_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    properties = {"name": {"type": "string"}, **fields}
    item = {"type": "object", "required": ["name"], "properties": properties}
    return {"type": "array", "items": item}


_SHAPE = Draft202012Validator(
    {
        "type": "object",
        "required": ["namespace"],
        "properties": {
            "namespace": {"type": "string"},
            "display_name": _TEXT,
            "description": _TEXT,
            "visibility": {"enum": ["public", "private", None]},
            "protected": {"type": ["boolean", "null"]},
            "owner": _TEXT,
            "resource_type_associations": _array_of(_ASSOCIATION),
            "properties": _DEFINITIONS,
            "objects": _array_of(_OBJECT),
            "tags": _array_of({}),
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a file says. `moded`: the resource types whose mode it names itself."""

    draft: NamespaceDraft
    moded: frozenset[str]


def read(path: Path, *, mode: Mode) -> Read:
    """The namespace of a file; `mode` holds for associations that name none. InvalidDefinition, OSError."""
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InvalidDefinition(f"it is not JSON: {error}") from None
    for wrong in _SHAPE.iter_errors(document):
        where = ".".join(str(part) for part in wrong.absolute_path)
        raise InvalidDefinition(f"{where}: {wrong.message[:200]}" if where else wrong.message[:200])
    draft = reading.namespace_draft(
        _known(document), owner=document.get("owner") or OWNER, visibility="public", mode=mode
    )
    associations = document.get("resource_type_associations", ())
    return Read(draft=draft, moded=frozenset(a["name"] for a in associations if "mode" in a))


def paths(path: Path) -> list[Path]:
    """The file itself, or every `*.json` of the folder, by name. OSError when there is no such path."""
    if path.is_dir():
        return sorted(found for found in path.glob("*.json") if found.is_file())
    path.stat()
    return [path]


def write(folder: Path, drafts: Iterable[NamespaceDraft]) -> list[Path]:
    """One file per namespace, named from its display name; files that are there are overwritten. OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    for draft in drafts:
        name = _file_name(draft, written)
        written[name] = folder / f"{name}.json"
        content = orjson.dumps(reading.document(draft), option=orjson.OPT_INDENT_2)
        written[name].write_bytes(content + b"\n")
    return list(written.values())


def _file_name(draft: NamespaceDraft, used: Mapping[str, Path]) -> str:
    """Word characters of the display name; of the namespace's own, with a number, when that one is taken."""
    own = re.sub(r"\W", "", draft.namespace) or "namespace"
    name = re.sub(r"\W", "", draft.display_name or "") or own
    number = 2
    while name in used:
        name, number = (own, number) if own not in used else (f"{own}_{number}", number + 1)
    return name


def _known(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without keys of definitions that nobody here reads."""
    objects = [
        {**one, "properties": _known_definitions(one.get("properties", {}))}
        for one in document.get("objects", ())
    ]
    properties = _known_definitions(document.get("properties", {}))
    return {**document, "properties": properties, "objects": objects}


def _known_definitions(found: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    legal = schema.DEFINITION["properties"]
    return {
        name: {key: value for key, value in definition.items() if key in legal}
        for name, definition in found.items()
    }
