"""Values that begin with an operator, as schedulers read them: ``<or> kvm <or> qemu``, ``<all-in>
aes avx``, ``>= 4``, ``<range-in> [ 1 8 )``.

A definition lists in `operators` which of them its values may use; a plain value needs none, and an operator that is
not listed is no operator there, but text. The operators are those of `oslo.utils.specs_matcher`, and Cinder's ``<is>``.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from catalog import literals

KNOWN = (
    "=", "==", "!=", ">=", "<=", ">", "<", "s==", "s!=", "s<", "s<=", "s>", "s>=",
    "<in>", "<or>", "<all-in>", "<range-in>", "<is>",
)  # fmt: skip
_RANGE = re.compile(r"[\[(]\s*(\S+?)\s+(\S+?)\s*[\])]\Z")


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator and what it compares with: one operand at least, unless `wrong` says what is missing."""

    operator: str
    operands: tuple[str, ...] = ()
    wrong: str = ""


def begins(text: str) -> str | None:
    """The operator that `text` begins with, if any."""
    first = text.split(None, 1)[:1]
    return first[0] if first and first[0] in KNOWN else None


def read(text: str, listed: Collection[str]) -> Comparison | None:
    """What `text` compares by one of the `listed` operators; None for a plain value."""
    operator = begins(text)
    if operator is None or operator not in listed:
        return None
    rest = text.strip()[len(operator) :].strip()
    if operator == "<range-in>":
        return _range(rest)
    operands = _operands(operator, rest)
    if not all(operands):
        return Comparison(operator, wrong=f"a value must follow each {operator}")
    return Comparison(operator, operands)


def _operands(operator: str, rest: str) -> tuple[str, ...]:
    """What is to be compared with; an empty text where something is missing."""
    if operator == "<or>":
        return tuple(part.strip() for part in rest.split("<or>"))
    if operator == "<all-in>":
        return tuple(rest.split()) or ("",)
    return (rest,)


def _range(rest: str) -> Comparison:
    found = _RANGE.match(rest)
    bounds = [literals.number(bound) for bound in found.groups()] if found else [None]
    numbers = [bound for bound in bounds if bound is not None]
    if found is None or len(numbers) < len(bounds) or numbers[0] > numbers[1]:
        form = "<range-in> [ 1 8 ], the smaller number first; ( and ) leave a bound out"
        return Comparison("<range-in>", wrong=f"it is written as {form}")
    return Comparison("<range-in>", found.groups())
