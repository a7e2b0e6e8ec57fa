"""All sections from their three sources: `VITRINE_*` variables, then the TOML file, then what the profile presets."""

import dataclasses
import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from artifacts.conf import ArtifactsConfig, StoresConfig
from catalog.conf import CatalogConfig, ConfigurationError, Section, parse, variable
from catalog.notifications.conf import NotificationsConfig
from identity.conf import IdentityConfig
from identity.keystone.conf import KeystoneConfig
from images.certificates import SignaturesConfig
from images.conf import ImagesConfig
from images.dataconf import ImageDataConfig
from metadefs.conf import MetadefsConfig
from search.conf import SearchConfig
from settings.profiles import EMBEDDED, PRODUCTION, REQUIRED_IN_PRODUCTION
from settings.sections import AccessConfig, BrokerConfig, DatabaseConfig, HttpConfig, LogConfig

SECTIONS: tuple[type[Section], ...] = (
    CatalogConfig,
    HttpConfig,
    AccessConfig,
    DatabaseConfig,
    BrokerConfig,
    LogConfig,
    IdentityConfig,
    KeystoneConfig,
    MetadefsConfig,
    ArtifactsConfig,
    StoresConfig,
    ImagesConfig,
    ImageDataConfig,
    SignaturesConfig,
    SearchConfig,
    NotificationsConfig,
)

BESIDE = {
    "VITRINE_CONFIG": "The TOML file.",
    "VITRINE_FAILPOINTS": "Places where a crash test ends the process; never in production.",
    "VITRINE_FAILPOINTS_ONCE": "A folder in which crash tests note which of those places fired.",
}
"""Variables that are read and belong to no section."""

PREFIX = "VITRINE_"
OF_SCRIPTS = ("_TEST_", "_CRASH_", "_CACHE", "_SERVICES_", "_JAVA_HOME", "_ELASTICSEARCH_JVM")
"""What stands in the names of variables that the tests and `scripts/services` read, and the service does not."""


def load(environ: Mapping[str, str]) -> dict[type[Section], Any]:
    """Every section, parsed; one ConfigurationError with everything that is wrong."""
    document = _document(environ.get("VITRINE_CONFIG", ""))
    problems = [*_unknown_keys(document), *unknown_variables(environ)]
    missing: list[str] = []
    profile = environ.get("VITRINE_PROFILE", document.get("profile", "embedded"))
    presets = PRODUCTION if profile == "production" else EMBEDDED
    if profile == "production":
        missing += _missing(environ, document)
        problems += [f"{name} is required by the production profile" for name in missing]
    found: dict[type[Section], Any] = {}
    for section_type in SECTIONS:
        table = _table(section_type, document)
        preset = {
            name: value
            for name, value in presets.items()
            if name not in {variable(section_type, key) for key in table}
        }
        try:
            found[section_type] = parse(section_type, preset | dict(environ), document)
        except ConfigurationError as error:
            problems += [one for one in error.problems if one.partition(" ")[0] not in missing]
    if problems:
        raise ConfigurationError(problems)
    return found


def variables() -> dict[str, tuple[type[Section], str]]:
    """Each variable with the section and field that it sets."""
    return {
        variable(section_type, item.name): (section_type, item.name)
        for section_type in SECTIONS
        for item in dataclasses.fields(section_type)
    }


def unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each `VITRINE_*` variable that nothing reads, in whichever letters: probably a slip of the pen."""
    known = [*variables(), *BESIDE]
    for name in sorted(environ):
        ours = name.upper().startswith(PREFIX) and name not in known
        if ours and not name.removeprefix("VITRINE").startswith(OF_SCRIPTS):
            yield f"{name} is no setting{_meant(name, known)}"


def _document(name: str) -> dict[str, Any]:
    if not name:
        return {}
    try:
        found = tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([f"VITRINE_CONFIG={name}: {error.strerror}"]) from None
    except ValueError as error:  # of the language, of the encoding, or a number too long to be read
        raise ConfigurationError([f"VITRINE_CONFIG={name}: {error}"]) from None
    for prefix in {section_type.prefix for section_type in SECTIONS if section_type.prefix}:
        if not isinstance(found.get(prefix, {}), dict):
            raise ConfigurationError([f"VITRINE_CONFIG={name}: [{prefix}] must be a table"])
    return found


def _table(section_type: type[Section], document: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (
        document.get(section_type.prefix, {}) if section_type.prefix else document
    )
    return found


def _unknown_keys(document: Mapping[str, Any]) -> Iterator[str]:
    known: dict[str, set[str]] = {}
    for section_type in SECTIONS:
        fields = {item.name for item in dataclasses.fields(section_type)}
        known.setdefault(section_type.prefix, set()).update(fields)
    tables = {prefix for prefix in known if prefix}
    for key in set(document) - known[""] - tables:
        yield f"{key} in the configuration file is no setting{_meant(key, known[''] | tables)}"
    for prefix in tables:
        for key in set(document.get(prefix, {})) - known[prefix]:
            yield f"{prefix}.{key} in the configuration file is no setting{_meant(key, known[prefix])}"


def _missing(environ: Mapping[str, str], document: Mapping[str, Any]) -> Iterator[str]:
    """The variables that production needs and neither source gives."""
    for name in REQUIRED_IN_PRODUCTION:
        section_type, key = variables()[name]
        if not environ.get(name) and not _table(section_type, document).get(key):
            yield name


def _meant(name: str, known: Iterable[str]) -> str:
    """The setting that is probably meant: one that ends so, or else is written much alike."""
    short = {one.removeprefix(PREFIX): one for one in known}
    wrong = name.upper().removeprefix(PREFIX) if name.upper().startswith(PREFIX) else name
    close = [one for one in short if one.endswith(f"_{wrong}") or one == wrong]
    close = close or difflib.get_close_matches(wrong, short, n=1)
    return f"; did you mean {short[close[0]]}?" if close else ""
