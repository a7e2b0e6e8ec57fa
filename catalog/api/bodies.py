"""Requests that take no body."""

from collections.abc import Mapping

from catalog.errors import InvalidBody


def require_none(method: str | None, headers: Mapping[str, str]) -> None:
    """InvalidBody where one is announced (RFC 9112, section 6); `headers` are found in any case of letters."""
    if headers.get("content-length", "0") not in ("", "0") or "transfer-encoding" in headers:
        raise InvalidBody(f"{method} on this path takes no body")
