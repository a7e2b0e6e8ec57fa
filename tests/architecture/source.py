"""The packages of the service as text and as syntax trees."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "catalog",
    "identity",
    "metadefs",
    "artifacts",
    "images",
    "search",
    "console",
    "stores",
    "settings",
)
NOT_MODULES = ("migrations", "asgi", "test")
"""Frozen history, and what only a server or the tests themselves may import."""


def files(*, migrations: bool = False) -> Iterator[Path]:
    """Every Python file of the service."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if migrations or "migrations" not in path.parts:
                yield path


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in files():
        yield path, ast.parse(path.read_text(encoding="utf-8"), str(path))


def import_everything() -> list[str]:
    """Import all modules, so that every class there is exists; their names."""
    names = []
    for package in PACKAGES:
        root = importlib.import_module(package)
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not set(found.name.split(".")) & set(NOT_MODULES):
                importlib.import_module(found.name)
                names.append(found.name)
    return names


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a function or method of this name."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node.func) == name:
                yield path, node


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
