"""Names that stand in addresses: what a new one may be, whoever makes the thing.

The rule is asked when something is made or renamed, never when it is read or removed: what is stored keeps its name.
"""

import unicodedata
from collections.abc import Iterable

from catalog.errors import Invalid


class InvalidName(Invalid):
    """No address carries the name to where it leads."""

    code = "invalid_name"


def require_addressable(
    name: str, noun: str, *, slashes: bool = True, below: Iterable[str] = ()
) -> None:
    """InvalidName for a name that clients cannot write into an address so that it arrives as it is: they resolve `.`
    and `..`, join addresses at slashes, and drop control characters or break at them.

    `noun` says in messages what is named. `slashes`: whether the address has room for some inside the name; `below` are
    the addresses that lie below the named thing's own, so no name ends in one of them.
    """
    wrong = _wrong(name)
    if wrong is None and not slashes and "/" in name:
        wrong = "hold no slash"
    if wrong is None and (taken := next((one for one in below if name.endswith(f"/{one}")), None)):
        wrong = f"do not end in /{taken}, which has a meaning of its own"
    if wrong is not None:
        raise InvalidName(
            f"no {noun} can be named {name[:80]!r}: names that stand in addresses {wrong}",
            name=name[:80],
        )


def _wrong(name: str) -> str | None:
    if not name:
        return "are not empty"
    if any(unicodedata.category(one) == "Cc" for one in name):
        return "hold no control characters"
    if name.startswith("/") or name.endswith("/"):
        return "do not begin or end with a slash"
    if not {".", ".."}.isdisjoint(name.split("/")):
        return "are not '.' or '..', nor have such a part between slashes"
    return None
