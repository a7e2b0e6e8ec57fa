"""Bodies as callers see them: without hidden fields, and with the parts they asked for."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from catalog.actors import Actor
from catalog.indexing.documents import sources
from search.caller_search import SourceFilter
from search.schema import Schema


def presented(
    schema: Schema, resource_type: str, body: Mapping[str, Any], actor: Actor
) -> dict[str, Any]:
    """The body for this actor."""
    shown = {
        name: value
        for name, value in body.items()
        if not (name in schema.by_name and schema.by_name[name].hidden)
    }
    source = sources().get(resource_type)
    return shown if source is None else source.present(shown, actor)


def filtered(body: Mapping[str, Any], wanted: SourceFilter) -> dict[str, Any]:
    """The parts of the body that were asked for."""
    return _filtered(body, wanted, "") if wanted.includes or wanted.excludes else dict(body)


def _filtered(body: Mapping[str, Any], wanted: SourceFilter, path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in body.items():
        full = f"{path}{name}"
        if _named(full, wanted.excludes):
            continue
        if not wanted.includes or _named(full, wanted.includes):
            inner = SourceFilter(excludes=wanted.excludes)
            found[name] = (
                _filtered(value, inner, f"{full}.") if isinstance(value, Mapping) else value
            )
        elif isinstance(value, Mapping) and (below := _filtered(value, wanted, f"{full}.")):
            found[name] = below
    return found


def _named(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)
