"""What a key looks like: the same in every store, so that blobs can move between them."""

import re

from stores.errors import InvalidKey

MAX_KEY_LENGTH = 240
"""No store takes longer keys, which a file name could not hold; every store takes 200."""
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", re.ASCII)


def check_key(key: str) -> str:
    """Return `key`, or raise InvalidKey.

    A key is one or more segments of ``A-Z a-z 0-9 . _ -`` joined by ``/``; no segment is empty or
    begins with a dot, hence none is ``.`` or ``..``.
    """
    if len(key) > MAX_KEY_LENGTH:
        raise InvalidKey("the key is too long", key=key[:64], length=len(key), limit=MAX_KEY_LENGTH)
    if not _KEY.fullmatch(key):
        raise InvalidKey("the key is not made of segments of A-Z a-z 0-9 . _ -", key=key)
    return key
