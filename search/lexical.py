"""Ranges of text as regular expressions, for an index that ranges numbers only. Texts compare by code point."""

from search.encoding import Value

ANY = r"(.|\n)"
REST = rf"{ANY}*"
LARGEST = "\U0010ffff"
_SPECIAL = frozenset(r"\.+*?()|[]{}^$#&-~/")


def literal(text: str) -> str:
    """`text` as a regular expression that matches just it."""
    return "".join(rf"\{character}" if character in _SPECIAL else character for character in text)


def between(low: Value | None, high: Value | None, *, with_low: bool, with_high: bool) -> str:
    """Matches whole texts in the range; a bound that is None is open."""
    if low is None and high is None:
        return REST
    if high is None:
        return _above(str(low), with_low)
    if low is None:
        return _below(str(high), with_high)
    return _inside(str(low), str(high), with_low, with_high)


def _inside(low: str, high: str, with_low: bool, with_high: bool) -> str:
    common = 0
    while common < min(len(low), len(high)) and low[common] == high[common]:
        common += 1
    stem, first, last = literal(low[:common]), low[common:], high[common:]
    if not first:
        # `low` is a beginning of `high`: everything longer than it, up to `high`.
        rest = _below(last, with_high, empty=with_low)
        return f"{stem}({rest})" if last else stem
    options = [f"{literal(first[0])}({_above(first[1:], with_low)})"]
    if ord(last[0]) - ord(first[0]) > 1:
        options.append(_span(ord(first[0]) + 1, ord(last[0]) - 1) + REST)
    options.append(
        f"{literal(last[0])}({_below(last[1:], with_high)})" if last[1:] or with_high else ""
    )
    return f"{stem}({'|'.join(filter(None, options))})"


def _above(low: str, included: bool) -> str:
    """Texts that are not less than `low`."""
    expression = REST if included else f"{ANY}{REST}"
    for character in reversed(low):
        options = [f"{literal(character)}({expression})"]
        if character < LARGEST:
            options.append(_span(ord(character) + 1, ord(LARGEST)) + REST)
        expression = "|".join(options)
    return f"({expression})"


def _below(high: str, included: bool, *, empty: bool = True) -> str:
    """Texts that are not greater than `high`; `empty`: the empty text is one of them."""
    expression = "" if included else None
    for position in reversed(range(len(high))):
        character = high[position]
        options = [] if position == 0 and not empty else [""]
        if ord(character) > 0:
            options.append(_span(0, ord(character) - 1) + REST)
        if expression is not None:
            options.append(f"{literal(character)}({expression})")
        expression = "|".join(options)
    return f"({expression or ''})"


def _span(first: int, last: int) -> str:
    return f"[{_character(first)}-{_character(last)}]"


def _character(code: int) -> str:
    # Surrogates are no characters of their own: step to the neighbours.
    if 0xD800 <= code <= 0xDFFF:
        code = 0xD7FF if code > 0xDC00 else 0xE000
    return f"\\x{{{code:x}}}"
