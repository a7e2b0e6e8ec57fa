"""What JSON Schema leaves to those who use it: the words of a refusal, and whole numbers."""

from collections.abc import Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

SHOWN = 80
"""Characters of a refused value that are repeated."""
LONGEST = 500
NO_FORMS: Mapping[str, str] = {}


def refusal(error: ValidationError, forms: Mapping[str, str] = NO_FORMS) -> str:
    """Why a value is refused. The value is cut short, so that the reason is not; a pattern is named, by the word that
    `forms` has for it.
    """
    value = repr(error.instance)
    short = value if len(value) <= SHOWN else f"{value[: SHOWN - 1]}…"
    if error.validator == "pattern":
        pattern = str(error.validator_value)
        return f"{short} is not {forms.get(pattern) or f'of the form {pattern}'}"[:LONGEST]
    message = str(error.message)
    if message.startswith(value):
        message = short + message[len(value) :]
    return message[:LONGEST]


def whole(value: Any) -> Any:
    """The value; `5.0`, which is an integer to JSON Schema, as the integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
