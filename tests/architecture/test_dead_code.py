"""What nothing calls does not stay: a function, a method or a class that only its tests know is dead."""

import re

from vulture import Vulture

from tests.architecture import source

HOOKS = (
    *(
        "Meta",
        "Media",
        "Command",
        "*Admin",
        "*Config",
        "*Middleware",
        "*Backend",
        "*Hasher",
        "*Engine",
        "*Site",
    ),
    *(
        "get_*",
        "has_*",
        "save_*",
        "delete_*",
        "clean_*",
        "lookups",
        "handle_exception",
        "process_exception",
    ),
    *("as_postgresql", "as_sqlite", "Batched"),
    *("forbidden", "forged", "not_found"),
    *("with_any", "without_all", "without_any", "of_domain"),
)
"""Called by Django, DRF, django-filter or logging, by their names in code or in strings."""
WAITING = ("governance_with", "governance_without")
"""For who edits namespaces and wants to know what an edit would forbid: tested, and offered by no API yet."""
DECORATED = (
    "@shared_task*",
    "@admin.*",
    "@override",
    "@property",
    "@setup_logging.connect",
    "@register*",
    "@checks.*",
)
KINDS = {"function", "method", "class", "property", "import"}


def test_whatever_is_defined_is_used() -> None:
    finder = Vulture(ignore_names=[*HOOKS, *WAITING], ignore_decorators=list(DECORATED))
    paths = [str(source.ROOT / one) for one in source.PACKAGES]
    finder.scavenge(paths, exclude=["*/migrations/*", "*/stores/conformance*"])
    templates = [
        page.read_text(encoding="utf-8") for page in source.ROOT.glob("*/templates/**/*.html")
    ]
    shown = set(re.findall(r"\w+", " ".join(templates)))
    listed = {
        name for path in source.files() for name in _strings(path.read_text(encoding="utf-8"))
    }
    dead = [
        f"{one.filename.relative_to(source.ROOT)}:{one.first_lineno}: {one.typ} {one.name}"
        for one in finder.get_unused_code(min_confidence=60)
        if one.typ in KINDS and one.name not in shown | listed
    ]
    assert not dead, "\n".join(dead)


def _strings(text: str) -> set[str]:
    """Names in quotes: columns of admin lists, methods of filters."""
    return set(re.findall(r'"(\w+)"', text))
