"""Errors of the whole program: unique stable codes, and a status for each in every dialect."""

import importlib
import pkgutil

import pytest

from catalog.api.error_responses import STATUS, ProblemDialect
from catalog.errors import CatalogError

APPS = ("catalog", "identity", "metadefs", "artifacts", "images", "search", "console", "settings")


def every_error() -> list[type[CatalogError]]:
    for app in APPS:
        package = importlib.import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if ".migrations" not in module.name and not module.name.startswith(
                ("settings.test", "settings.asgi")
            ):
                importlib.import_module(module.name)
    found: list[type[CatalogError]] = []
    waiting = [CatalogError]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += one.__subclasses__()
    return [e for e in found if not e.__module__.startswith("tests")]


def test_codes_are_unique() -> None:
    codes: dict[str, type[CatalogError]] = {}
    for error in every_error():
        assert codes.setdefault(error.code, error) is error, (
            f"{error.code}: {error} and {codes[error.code]}"
        )


@pytest.mark.parametrize("error", STATUS)
def test_every_class_has_its_status(error: type[CatalogError]) -> None:
    assert ProblemDialect().status(error("because")) == STATUS[error]


def test_every_error_but_the_root_and_the_internal_one_has_a_status() -> None:
    dialect = ProblemDialect()
    homeless = [e for e in every_error() if dialect.status(Exception.__new__(e)) == 500]
    assert {e.code for e in homeless} <= {"error", "internal_error"}
