"""Regular expressions as tantivy reads them: they match whole terms."""

ANY = r"(.|\n)"
REST = rf"{ANY}*"
_SPECIAL = frozenset(r"\.+*?()|[]{}^$#&-~/")


def literal(text: str) -> str:
    """`text` as a regular expression that matches just it."""
    return "".join(rf"\{character}" if character in _SPECIAL else character for character in text)
