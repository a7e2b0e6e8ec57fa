"""Regular expressions of definitions, matched in time linear in the value (RE2).

Definitions come from callers, and a pattern such as ``(a+)+$`` would hold a backtracking matcher, and with it the
process, for hours. RE2 has no look-around and no back references; a pattern that needs them is refused.
"""

from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]  # google-re2 ships no annotations

from metadefs.errors import InvalidDefinition

LONGEST = 1000
_MEMORY = 4 << 20


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    return re2.compile(pattern, options)


def check(pattern: str) -> None:
    """Nothing for a usable pattern; InvalidDefinition with the reason otherwise."""
    if len(pattern) > LONGEST:
        raise InvalidDefinition(f"pattern is longer than {LONGEST} characters", rule="pattern")
    try:
        _compiled(pattern)
    except (re2.error, UnicodeEncodeError) as error:
        raise InvalidDefinition(
            f"pattern {pattern!r} cannot be used: {_reason(error)}", rule="pattern"
        ) from None


def found_in(pattern: str, text: str) -> bool:
    """Whether the pattern occurs in `text` (JSON Schema does not anchor)."""
    try:
        return _compiled(pattern).search(text) is not None
    except UnicodeEncodeError:
        return False


def _reason(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
