"""Reference pages made from the code: errors, policies, commands, checks, failpoints."""

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import util
from pathlib import Path
from types import MappingProxyType

from django.core.management import get_commands, load_command_class

from catalog import failpoints, policy
from catalog.api.error_responses import ProblemDialect
from catalog.api.openapi_errors import error_classes, load
from identity.api.v3.base import KeystoneDialect
from settings.openapi import families
from settings.remedies import remedy

APPS = ("catalog", "identity", "metadefs", "artifacts", "images", "search", "settings")
KEYSTONE, PROBLEM = KeystoneDialect(), ProblemDialect()


def errors() -> Iterator[str]:
    yield "# Errors"
    yield ""
    yield "Every error has a stable code: `error_code` in bodies of Images, Metadefs and Identity, `code` in those of"
    yield "Search and Artifacts. Several classes may share a code where one is a kind of the other."
    yield ""
    packages = frozenset().union(*(family.packages for family in families()))
    rows = (
        (
            f"`{one.code}`",
            f"`{one.__name__}`",
            _first(vars(one).get("__doc__")) or _words(one.__name__),
            _statuses(one),
            remedy(one.code, PROBLEM.status_of(one)),
        )
        for one in sorted(error_classes(packages), key=lambda found: (found.code, found.__name__))
    )
    yield from _table(("code", "class", "meaning", "status", "what to do"), rows)


def _statuses(error: type) -> str:
    """One number, or one per API where they differ."""
    found = {
        "Images": families()[0].dialect.status_of(error),
        "Identity": KEYSTONE.status_of(error),
        "others": PROBLEM.status_of(error),
    }
    if len(set(found.values())) == 1:
        return str(found["others"])
    return ", ".join(f"{status} ({name})" for name, status in found.items())


def policies() -> Iterator[str]:
    yield "# Policies"
    yield ""
    yield "Rules of oslo.policy, each with its default. `VITRINE_POLICY_FILE` names a file that overrides them."
    yield ""
    rows = (
        (f"`{one.name}`", f"`{one.check_str or ' '}`", " ".join((one.description or "").split()))
        for one in sorted(policy.registered().values(), key=lambda rule: rule.name)
    )
    yield from _table(("rule", "default", "meaning"), rows)


def commands() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "`python manage.py <command> --help` tells every option."
    ours = sorted((name, app) for name, app in get_commands().items() if app in APPS)
    for name, app in ours:
        command = load_command_class(app, name)
        options = command.create_parser("manage.py", name)._actions  # noqa: SLF001 - argparse shows them no other way
        own = [one for one in options if one.dest not in STANDARD and one.help]
        yield ""
        yield f"## {name}"
        yield ""
        yield command.help
        if own:
            yield ""
            yield from (
                f"- `{', '.join(one.option_strings) or one.dest}`: {one.help}" for one in own
            )


STANDARD = frozenset(
    "help version verbosity settings pythonpath traceback no_color force_color skip_checks".split()
)


def checks() -> Iterator[str]:
    yield "# Checks"
    yield ""
    yield "`serve` runs them before it starts, as `manage.py check` does. An E ends the start, a W is told in the log."
    yield ""
    yield from _table(("id", "what is checked"), sorted(_checks()))


def _checks() -> Iterator[tuple[str, str]]:
    for app in APPS:
        spec = util.find_spec(f"{app}.checks")
        if spec is None or spec.origin is None:
            continue
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                told = _first(ast.get_docstring(function)) or function.name.replace("_", " ")
                yield from ((f"`{name}`", told) for name in _ids(function))


def _ids(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "id"
            and isinstance(node.value, ast.Constant)
        ):
            yield str(node.value.value)


def points() -> Iterator[str]:
    yield "# Failpoints"
    yield ""
    yield "Places where crash tests end or pause a process (`VITRINE_FAILPOINTS`); never in production."
    yield ""
    for app in APPS:
        load(app)
    rows = ((f"`{name}`", meaning) for name, meaning in sorted(failpoints.declared().items()))
    yield from _table(("point", "what has happened there"), rows)


PAGES: Mapping[str, Callable[[], Iterable[str]]] = MappingProxyType(
    {
        "errors": errors,
        "policies": policies,
        "commands": commands,
        "checks": checks,
        "failpoints": points,
    }
)


def page(name: str) -> str:
    """The page `docs/reference/<name>.md`."""
    return "\n".join(PAGES[name]()) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _words(name: str) -> str:
    """`BlobTaken` → `Blob taken.`"""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize() + "."


def _first(text: str | None) -> str:
    """The first sentence or paragraph of a docstring, on one line."""
    paragraph = inspect.cleandoc(text or "").partition("\n\n")[0]
    return " ".join(paragraph.split())
