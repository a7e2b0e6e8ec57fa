"""Glance's `policy.yaml` read as ours: which rules hold here as they are, and which do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from oslo_policy import policy as oslo

from catalog import policy
from catalog.errors import first_line
from images.policies import ImageAction
from images.takeover.connecting import SourceUnreadable


@dataclass(frozen=True, slots=True)
class Review:
    """`kept` can be used here; `dropped` says of each other rule why not."""

    kept: Mapping[str, str]
    dropped: Mapping[str, str]


def review(file: Path) -> Review:
    """Judge every rule of the file. SourceUnreadable when it is no mapping of names to rules."""
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SourceUnreadable(f"{file} cannot be read: {first_line(error)}") from None
    if not isinstance(found, dict):
        raise SourceUnreadable(f"{file} holds no rules: names with what they ask for are expected")
    kept: dict[str, str] = {}
    dropped: dict[str, str] = {}
    for name, rule in found.items():
        reason = _unfit(str(name), rule, found)
        if reason:
            dropped[str(name)] = reason
        else:
            kept[str(name)] = rule
    return Review(kept, dropped)


def _unfit(name: str, rule: object, rules: Mapping[str, object]) -> str:
    if not isinstance(rule, str):
        return "what it asks for is no text"
    default = policy.registered().get(name)
    if default is None:
        asked = [other for other, text in rules.items() if f"rule:{name}" in str(text).split()]
        return "" if asked else "there is no such rule here"
    same = str(oslo.RuleDefault(name, rule).check) == str(default.check)
    if name == ImageAction.GET and not same:
        return "lists could not follow it: visibility in lists is decided by the database"
    return ""
