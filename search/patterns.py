"""Patterns as callers write them."""

from collections.abc import Iterator, Sequence
from typing import Any

from search.resolved_query import ANY_ONE, ANY_RUN


def parts(pattern: str) -> Iterator[Any]:
    r"""Texts and wildcards; `\` takes the next character as it is. Of wildcards side by side those for one
    character come first, and one for any run stands for all.
    """
    literal, wild = "", ""
    for character, escaped in _characters(pattern):
        if character in "*?" and not escaped:
            if literal:
                yield literal
            literal, wild = "", wild + character
        else:
            yield from _wildcards(wild)
            literal, wild = literal + character, ""
    if literal:
        yield literal
    yield from _wildcards(wild)


def written(found: Sequence[Any]) -> str:
    """The parts as a caller might have written them."""
    signs = {ANY_RUN: "*", ANY_ONE: "?"}
    return "".join(part if isinstance(part, str) else signs[part] for part in found)


def ones_after_a_run(found: Sequence[Any]) -> int:
    """How many single characters are left open behind a run of any length."""
    behind = list(found)[list(found).index(ANY_RUN) :] if ANY_RUN in found else []
    return behind.count(ANY_ONE)


def _characters(pattern: str) -> Iterator[tuple[str, bool]]:
    rest = iter(pattern)
    for character in rest:
        if character == "\\":
            yield next(rest, character), True
        else:
            yield character, False


def _wildcards(wild: str) -> Iterator[Any]:
    for _ in range(wild.count("?")):
        yield ANY_ONE
    if "*" in wild:
        yield ANY_RUN
