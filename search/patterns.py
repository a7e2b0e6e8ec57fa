"""Patterns as callers write them."""

from collections.abc import Iterator
from typing import Any

from search.bound import ANY_ONE, ANY_RUN


def parts(pattern: str) -> Iterator[Any]:
    r"""Texts and placeholders; `\` takes the next character as it is."""
    literal, characters = "", iter(pattern)
    for character in characters:
        if character in "*?":
            if literal:
                yield literal
            literal = ""
            yield ANY_RUN if character == "*" else ANY_ONE
        else:
            literal += next(characters, "\\") if character == "\\" else character
    if literal:
        yield literal
