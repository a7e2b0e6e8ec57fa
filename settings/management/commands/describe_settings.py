"""`manage.py describe_settings`: the reference page of all settings, made from their declarations."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand
from typing_extensions import override

from catalog.conf import Section, variable
from settings.configuration import BESIDE, SECTIONS

HEAD = """\
# Settings

Every setting is a `VITRINE_*` environment variable or a key of one TOML file, which `VITRINE_CONFIG` names; the
variable wins. A name that is none of these, in the environment or in the file, ends every start and command with the
nearest right one.
`manage.py describe_settings` makes this page from the declarations in the code.
"""


class Command(BaseCommand):
    help = "Print the reference page of all settings, as Markdown."
    requires_system_checks: list[str] = []

    @override
    def handle(self, *_: Any, **__: Any) -> None:
        self.stdout.write(page(), ending="")


def page() -> str:
    lines = [HEAD]
    for section_type in SECTIONS:
        lines += [*_section(section_type), ""]
    lines += [
        "## Beside the sections",
        "",
        *(f"- `{name}`: {text}" for name, text in BESIDE.items()),
    ]
    return "\n".join(lines) + "\n"


def _section(section_type: type[Section]) -> Iterator[str]:
    name = section_type.__name__.removesuffix("Config")
    yield f"## {name}"
    yield ""
    yield "| variable | key in the file | default | |"
    yield "|---|---|---|---|"
    for item in dataclasses.fields(section_type):
        key = f"`[{section_type.prefix}] {item.name}`" if section_type.prefix else f"`{item.name}`"
        yield (
            f"| `{variable(section_type, item.name)}` | {key} | {_default(item)} "
            f"| {item.metadata['help']}{' Secret.' if item.metadata['secret'] else ''} |"
        )


def _default(item: "dataclasses.Field[Any]") -> str:
    value = item.default
    if value is dataclasses.MISSING:
        return "" if item.default_factory is dataclasses.MISSING else "empty"
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{','.join(map(str, value))}`" if isinstance(value, tuple) else f"`{value}`"
