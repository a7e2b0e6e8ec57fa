"""What a token is made of: 32 random bytes for the client, their SHA-256 for the database."""

import secrets
from hashlib import sha256

PREFIX = "vt-"
LONGEST = 128


def new_token() -> str:
    """The prefix lets scanners of repositories and logs find a leaked token."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """64 hexadecimal digits. No salt: 256 random bits cannot be guessed from their hash."""
    return sha256(token.encode()).hexdigest()


def plausible(token: str) -> bool:
    """Whether looking the token up is worth a query."""
    return token.startswith(PREFIX) and len(token) <= LONGEST and token.isascii()


def new_audit_id() -> str:
    """22 characters that name a token where the token itself must not stand."""
    return secrets.token_urlsafe(16)
