"""A token inside a session cookie: the browser carries it and cannot read it."""

import base64
import binascii
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.http import HttpRequest

KEY = "keystone"


def keep(request: HttpRequest, token: str) -> None:
    """Put the token into the session."""
    request.session[KEY] = _seal().encrypt(token.encode()).decode()


def kept(request: HttpRequest) -> str | None:
    """The token of the session; None without one, and for one that was sealed with another secret key."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    sealed = request.session.get(KEY)
    if not isinstance(sealed, str):
        return None
    try:
        return _seal().decrypt(sealed.encode()).decode()
    except (InvalidToken, UnicodeError, binascii.Error):
        return None


def _seal() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_derived(str(key))) for key in keys])


def _derived(key: str) -> bytes:
    return base64.urlsafe_b64encode(sha256(b"identity.keystone.session:" + key.encode()).digest())
