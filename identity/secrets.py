"""The secrets of application credentials: made here, or chosen by whoever makes the credential."""

import hmac
import secrets
from hashlib import sha256

from django.contrib.auth.hashers import check_password, make_password

FAST = "sha256$"
PREFIX = "vs-"


def new_secret() -> str:
    """512 random bits; the prefix lets scanners of repositories and logs find a leaked secret."""
    return PREFIX + secrets.token_urlsafe(64)


def hash_made(secret: str) -> str:
    """For a secret of `new_secret`: it cannot be guessed, so its hash need not be slow."""
    return FAST + sha256(secret.encode(errors="surrogatepass")).hexdigest()


def hash_chosen(secret: str) -> str:
    return make_password(secret)


def is_made(hashed: str) -> bool:
    return hashed.startswith(FAST)


def fits(secret: str, hashed: str) -> bool:
    """Whether this is the secret; quick for a made one, as slow as a password for a chosen one."""
    if is_made(hashed):
        return hmac.compare_digest(hash_made(secret), hashed)
    return check_password(secret, hashed)
