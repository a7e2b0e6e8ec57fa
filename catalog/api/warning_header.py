"""What a client should know of a request that succeeded: `Warning` headers (RFC 7234, 5.5), code 299, of no agent."""

from collections.abc import Iterable

LONGEST, MOST = 500, 10


def warning(sentences: Iterable[str]) -> dict[str, str]:
    """The header with these sentences, or no header; characters beyond ASCII are escaped as Python does."""
    quoted = [f'299 - "{_plain(one[:LONGEST])}"' for one in sentences]
    return {"Warning": ", ".join(quoted[:MOST])} if quoted else {}


def _plain(sentence: str) -> str:
    shown = "".join(one if one.isprintable() else " " for one in sentence)
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return escaped.encode("ascii", "backslashreplace").decode()
