"""Configuration: `VITRINE_*` variables and one optional TOML file, parsed once into frozen dataclasses.

Every app declares a `Section`: a frozen dataclass whose fields name the settings. ``VITRINE_<PREFIX>_<FIELD>`` in the
environment wins over ``[<prefix>] <field>`` in the file (`VITRINE_CONFIG` names it), which wins over the default.
The composition root parses all sections with `parse` and lays them into ``settings.VITRINE``; apps read theirs with
`section(TheirSection)`.
"""

import dataclasses
import math
import os
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from typing_extensions import override

SOON, LONG = 0.01, 10**9
"""Seconds: the least and the most that a setting of time may say. More could not be added to a date."""
MOST = 10**9
"""Of what is counted."""
MOST_THREADS = 1000
LONGEST_SHOWN = 80
"""Characters of a wrong value that a message repeats."""
LONGEST_NAME = 255
"""Bytes of a file's or a folder's name (NAME_MAX of Linux's file systems)."""
MOST_DAYS = 36_500
MOST_BYTES = (1 << 63) - 1
"""More could not be kept in a database's column."""


class ConfigurationError(Exception):
    """One or more settings are wrong; `problems` has a sentence for each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, kw_only=True)
class Section:
    """Base of the sections; `prefix` is empty for the catalog's own."""

    prefix: ClassVar[str] = ""

    def problems(self) -> Iterable[str]:
        """Sentences about values that parse and still cannot be used."""
        return ()

    def outside(self, least: float, most: float, *names: str) -> Iterable[str]:
        """A sentence about each of these fields whose number is less than `least` or more than `most`."""
        for name in names:
            value = getattr(self, name)
            if not least <= value <= most:
                yield f"{variable(type(self), name)} must lie between {least} and {most}, not {shown(value)}"


S = TypeVar("S", bound=Section)


def setting(default: Any = dataclasses.MISSING, *, help: str, secret: bool = False) -> Any:  # noqa: A002 - the field's own word
    """A field of a section, with the sentence that the reference page shows."""
    metadata = {"help": help, "secret": secret}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def variable(section_type: type[Section], name: str) -> str:
    """The environment variable of a field."""
    parts = ("VITRINE", section_type.prefix, name) if section_type.prefix else ("VITRINE", name)
    return "_".join(parts).upper()


def parse(section_type: type[S], environ: Mapping[str, str], document: Mapping[str, Any]) -> S:
    """The section from its two sources; ConfigurationError lists everything that is wrong with it."""
    table = document.get(section_type.prefix, {}) if section_type.prefix else document
    hints = typing.get_type_hints(section_type)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for item in dataclasses.fields(section_type):
        where, raw = (
            variable(section_type, item.name),
            environ.get(variable(section_type, item.name)),
        )
        if raw is None and item.name in table:
            where, raw = f"{section_type.prefix}.{item.name}".lstrip("."), table[item.name]
        if raw is None:
            if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
                problems.append(f"{where} is required: {item.metadata['help']}")
            continue
        try:
            values[item.name] = _convert(hints[item.name], raw)
        except (ValueError, TypeError, OverflowError) as error:
            problems.append(f"{where}={shown(raw)}: {error}")
    if problems:
        raise ConfigurationError(problems)
    found = section_type(**values)
    if wrong := list(found.problems()):
        raise ConfigurationError(wrong)
    return found


def section(section_type: type[S]) -> S:
    """The parsed section of the running service."""
    found: S = settings.VITRINE[section_type]
    return found


def is_address(text: str, *schemes: str) -> bool:
    """Whether the text is an address of one of the schemes, with a host and no impossible port."""
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_file(path: str | Path) -> bool:
    """Whether a file is there; False for what cannot be the path of one."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def shown(raw: object) -> str:
    """A value as a message names it, however long it is."""
    if isinstance(raw, int) and raw.bit_length() > LONGEST_SHOWN:
        return "a number beyond all bounds"
    text = repr(raw)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _convert(hint: Any, raw: Any) -> Any:  # noqa: PLR0911 - one line per kind of value
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        if raw == "":
            return None
        return _convert(next(a for a in typing.get_args(hint) if a is not type(None)), raw)
    if origin is typing.Literal:
        return _one_of(raw, typing.get_args(hint))
    if origin is tuple:
        parts = raw.split(",") if isinstance(raw, str) else raw
        return tuple(
            _convert(typing.get_args(hint)[0], p.strip() if isinstance(p, str) else p)
            for p in parts
            if p != ""
        )
    if hint is bool:
        return _boolean(raw)
    if hint is Path:
        return _path(raw)
    if hint is dict or origin is dict:
        if not isinstance(raw, Mapping):
            raise ValueError("only the TOML file can hold a table")
        return dict(raw)
    if hint in (int, float):
        return _number(hint, raw)
    return hint(raw)


def _number(kind: type[int] | type[float], raw: Any) -> int | float:
    try:
        found = kind(raw) if not isinstance(raw, bool) else math.nan
    except (ValueError, TypeError, OverflowError):
        found = math.nan
    if (isinstance(found, float) and not math.isfinite(found)) or (
        isinstance(raw, float) and found != raw
    ):
        raise ValueError("must be a whole number" if kind is int else "must be a number")
    return found


def _path(raw: Any) -> Path:
    if not isinstance(raw, str | Path) or "\0" in str(raw):
        raise ValueError("must be a path")
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in Path(raw).parts):
        raise ValueError(f"names a file by more than {LONGEST_NAME} bytes")
    try:
        return Path(raw).expanduser()
    except RuntimeError:  # ~somebody, whom this machine does not know
        raise ValueError("begins with the home of nobody here") from None


def _one_of(raw: Any, choices: tuple[Any, ...]) -> Any:
    if raw not in choices:
        raise ValueError(f"must be one of {', '.join(map(str, choices))}")
    return raw


def _boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    known = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if str(raw).lower() not in known:
        raise ValueError("must be true or false")
    return known[str(raw).lower()]


@dataclass(frozen=True, kw_only=True)
class CatalogConfig(Section):
    """What the kernel itself needs."""

    profile: typing.Literal["embedded", "production"] = setting(
        "embedded", help="Which set of defaults applies."
    )
    data_dir: Path = setting(
        Path("var"), help="Where everything local lies: database, bytes, index, secrets, logs."
    )
    policy_file: Path | None = setting(None, help="oslo.policy overrides (policy.yaml).")
    public_url: str | None = setting(
        None,
        help="How clients reach the service; default: as the request came, where its Host can be believed.",
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), help="Addresses whose X-Forwarded-* headers count."
    )
    page_size: int = setting(25, help="Length of a list page when the caller names none.")
    page_limit: int = setting(1000, help="Longest list page; longer wishes are cut to it.")
    page_bytes: int = setting(
        8 << 20,
        help="Most bytes of a list's page, which is cut to fewer entries; one that is larger comes alone.",
    )
    body_limit: int = setting(4 << 20, help="Longest JSON body, in bytes.")
    history_days: int = setting(
        90, help="Days that changes stay in the history of a thing; its last few stay longer."
    )
    history_events: int = setting(
        1000, help="Most changes in the history of a thing; what an audit asks for is not counted."
    )
    audit_days: int = setting(
        1095,
        help="Days that everything else stays: who made, deleted, shared or published things, gave them away, or was"
        " given rights.",
    )
    audit_events: int = setting(
        10_000, help="Most events of one thing, whatever they say; that it was made stays beside."
    )
    job_lease: float = setting(
        60.0, help="Seconds a worker may be silent before its job is given to another."
    )
    delivery_lease: float = setting(
        30.0, help="Seconds a relay may be silent before its deliveries are free again."
    )

    @override
    def problems(self) -> Iterable[str]:
        if self.policy_file is not None and not is_file(self.policy_file):
            yield f"VITRINE_POLICY_FILE: {self.policy_file} is not a file"
        if self.public_url and not is_address(self.public_url, "http", "https"):
            yield "VITRINE_PUBLIC_URL must begin with http:// or https:// and name a host"
        yield from self.outside(1, MOST, "page_limit")
        most = self.page_limit if self.page_limit > 0 else MOST  # told above
        if not 0 < self.page_size <= most:
            yield "VITRINE_PAGE_SIZE must lie between 1 and VITRINE_PAGE_LIMIT"
        yield from self.outside(1, MOST_BYTES, "body_limit", "page_bytes")
        yield from self.outside(SOON, LONG, "job_lease", "delivery_lease")
        yield from self.outside(1, MOST_DAYS, "history_days", "audit_days")
        yield from self.outside(1, MOST, "history_events", "audit_events")
