"""Requests that take no body, and bodies of which nobody knows where they end."""

from collections.abc import Mapping

from catalog.errors import InvalidBody, LengthRequired


def require_none(method: str | None, headers: Mapping[str, str]) -> None:
    """InvalidBody where one is announced (RFC 9112, section 6); `headers` are found in any case of letters."""
    if headers.get("content-length", "0") not in ("", "0") or "transfer-encoding" in headers:
        raise InvalidBody(f"{method} on this path takes no body")


def require_length(http_version: str, *, framed: bool) -> None:
    """LengthRequired for a body of HTTP/1.0 that no header frames: nobody could tell its end from a cut.

    In HTTP/1.1 there is no body where no header frames it (RFC 9112, section 6.3).
    """
    if http_version == "1.0" and not framed:
        raise LengthRequired("a body sent by HTTP/1.0 needs a Content-Length")
