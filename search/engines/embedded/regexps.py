"""Regular expressions as tantivy reads them: they match whole terms."""

ANY = r"(.|\n)"
REST = rf"{ANY}*"
_SPECIAL = frozenset(r"\.+*?()|[]{}^$#&-~/")
_FIRST, _LAST = "\0", "\U0010ffff"
_BEFORE_GAP, _AFTER_GAP = "\ud7ff", "\ue000"
"""Between these lie the surrogates, which no text holds."""


def literal(text: str) -> str:
    """`text` as a regular expression that matches just it."""
    return "".join(rf"\{character}" if character in _SPECIAL else character for character in text)


def between(low: str, high: str | None, *, with_low: bool, with_high: bool) -> str:
    """Texts without NUL from `low` to `high`, which is larger (None: open), in the order of their characters."""
    if high is None:
        return _from(low, with_low)
    if not low:
        return _to(high, with_high, with_empty=with_low)
    if low == high:
        return literal(low)
    if low[0] == high[0]:
        rest = between(low[1:], high[1:], with_low=with_low, with_high=with_high)
        return literal(low[0]) + rest
    inner = _range(_after(low[0]), _before(high[0]))
    return _any_of(
        literal(low[0]) + _from(low[1:], with_low),
        inner and inner + REST,
        literal(high[0]) + _to(high[1:], with_high) if with_high or high[1:] else "",
    )


def _from(low: str, with_low: bool) -> str:
    """Everything from `low` on: a character that is larger at the first difference, and then whatever comes."""
    expression = "" if with_low else ANY
    for character in reversed(low):
        expression = _any_of(_range(_after(character), _LAST), literal(character) + expression)
    return expression + REST


def _to(high: str, with_high: bool, *, with_empty: bool = True) -> str:
    """Everything up to `high`: its own beginnings, and what is smaller at the first difference."""
    expression = ""
    for at in range(len(high) - 1, -1, -1):
        last = at == len(high) - 1
        smaller = _range(_FIRST, _before(high[at]))
        longer = "" if last and not with_high else literal(high[at]) + expression
        found = _any_of(smaller and smaller + REST, longer)
        expression = found if at == 0 and not with_empty else f"({found})?"
    return expression


def _any_of(*parts: str) -> str:
    """One of the parts, empty ones left out."""
    return f"({'|'.join(part for part in parts if part)})"


def _range(first: str, last: str) -> str:
    """One of the characters from `first` to `last`; "" when there is none."""
    return f"[{literal(first)}-{literal(last)}]" if first and last and first <= last else ""


def _after(character: str) -> str:
    if character == _LAST:
        return ""
    return _AFTER_GAP if character == _BEFORE_GAP else chr(ord(character) + 1)


def _before(character: str) -> str:
    if character == _FIRST:
        return ""
    return _BEFORE_GAP if character == _AFTER_GAP else chr(ord(character) - 1)
