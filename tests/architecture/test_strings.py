"""What is named by strings exists: dotted paths in settings, tasks, error codes, failpoints."""

import ast
import importlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.utils.module_loading import import_string

from catalog import failpoints
from catalog.errors import CatalogError
from settings import base
from settings.celery import app as celery_app
from tests.architecture import source

DOTTED = re.compile(r"[a-z_]\w*(\.\w+)+")
LIBRARIES = ("django", "rest_framework")


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from strings(key)
            yield from strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from strings(one)


def dotted_paths() -> list[str]:
    known = (*source.PACKAGES, *LIBRARIES)
    found = {
        text
        for name in dir(base)
        if name.isupper() and name not in {"LOGGING", "AUTH_USER_MODEL"}
        for text in strings(getattr(base, name))
        if DOTTED.fullmatch(text) and text.split(".")[0] in known
    }
    return sorted(found)


@pytest.mark.parametrize("path", dotted_paths())
def test_dotted_path_in_settings_leads_somewhere(path: str) -> None:
    try:
        importlib.import_module(path)
    except ImportError:
        assert import_string(path)


def test_user_model_exists() -> None:
    assert apps.get_model(base.AUTH_USER_MODEL)


def tasks_sent() -> set[str]:
    """The names that code sends and the clock calls."""
    sent = {entry["task"] for entry in celery_app.conf.beat_schedule.values()}
    for path, call in source.calls("send_task"):
        named = call.args[0] if call.args else None
        assert isinstance(named, ast.Constant), f"{path}: a task is sent by a name that can be read"
        sent.add(named.value)
    return sent


def test_every_task_that_is_sent_is_registered() -> None:
    celery_app.loader.import_default_modules()
    sent = tasks_sent()
    assert {"catalog.run_job", "catalog.reconcile_jobs"} <= sent
    assert sent <= set(celery_app.tasks)


def test_tasks_are_named_by_their_app() -> None:
    celery_app.loader.import_default_modules()
    ours = {name for name in celery_app.tasks if not name.startswith(("celery.", "tests."))}
    assert {name.split(".")[0] for name in ours} <= set(source.PACKAGES)


def error_classes() -> list[type[CatalogError]]:
    source.import_everything()
    found, stack = [], [CatalogError]
    while stack:
        one = stack.pop()
        stack.extend(one.__subclasses__())
        if one.__module__.split(".")[0] in source.PACKAGES:
            found.append(one)
    return found


def test_every_error_has_a_code_of_its_own() -> None:
    classes = error_classes()
    without = [c.__qualname__ for c in classes if "code" not in vars(c)]
    assert not without
    twice = [code for code, n in Counter(c.code for c in classes).items() if n > 1]
    assert not twice
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", c.code) for c in classes)
    assert len(classes) > 20


def declared_as() -> dict[str, set[str]]:
    """The constants that hold a declared point, by their own names; modules may use the same ones."""
    found: dict[str, set[str]] = defaultdict(set)
    for _, tree in source.trees():
        for node in ast.walk(tree):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=constant)],
                    value=ast.Call(
                        func=ast.Attribute(attr="declare"), args=[ast.Constant(value=name), *_]
                    ),
                ):
                    found[constant].add(name)
    return found


def reached() -> set[str]:
    """Names of failpoints that some code passes: given as text, or by the constant that declared them."""
    constants, found = declared_as(), set()
    for called in ("reach", "probe", "_probe"):
        for _, call in source.calls(called):
            for argument in call.args:
                match argument:
                    case ast.Constant(value=str(name)):
                        found.add(name)
                    case ast.Name(id=constant) | ast.Attribute(attr=constant):
                        found |= constants.get(constant, set())
    return found


def test_every_failpoint_is_passed_somewhere() -> None:
    source.import_everything()
    assert failpoints.declared()
    assert set(failpoints.declared()) - reached() == set()
