"""Addresses made regular before anything is looked up by them."""

import re
from urllib.parse import unquote

from starlette.types import Scope

FRONT = 3
"""So many runs of slashes are one slash each: before the service, its version and a collection. What follows may be a
name that has slashes of its own.
"""
ENDED = (b"/identity/", b"/artifact/")
"""Services of which a slash at the end of an address means nothing; elsewhere names may end in one."""


def regular(scope: Scope) -> Scope:
    """The request with single slashes at the front of its path, and none at its end where that means nothing: who joins
    an endpoint and a path doubles them easily. Slashes that are written `%2F` are part of a name.
    """
    raw: bytes | None = scope.get("raw_path")
    path = scope["path"].encode() if raw is None else raw
    found = re.sub(b"/+", b"/", path, count=FRONT) if b"//" in path else path
    if found.endswith(b"/") and found.startswith(ENDED):
        found = found.rstrip(b"/")
    if found == path:
        return scope
    if raw is None:
        return {**scope, "path": found.decode()}
    return {**scope, "raw_path": found, "path": unquote(found.decode("latin-1"))}
