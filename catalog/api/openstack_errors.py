"""How the Images family (images, metadefs) tells errors: text, HTML or JSON, by the `Accept` header."""

from html import escape
from http import HTTPStatus
from typing import Any

import orjson
from typing_extensions import override

from catalog.api.error_responses import Dialect
from catalog.errors import CatalogError

_HTML = (
    "<html><head><title>{title}</title></head>"
    "<body><h1>{title}</h1>{explanation}<br /><br /></body></html>"
)


class OpenStackDialect(Dialect):
    """JSON when it is named, HTML when it or anything is accepted, else text; 413 is text where it is not JSON.

    openstacksdk sends an empty `Accept` with its patches and reads no text: it gets JSON. Clients of a 413 that do not
    name JSON may expect the plain text which Glance always answers (`glance-v2-images.md`, section 4).

    The JSON has, beside what OpenStack's clients read, our stable `error_code` and the `facts`.
    """

    @override
    def body(self, error: CatalogError, status: int, accept: str | None) -> tuple[bytes, str]:
        title, message = f"{status} {HTTPStatus(status).phrase}", _encodable(error.message)
        wanted = frozenset() if accept is None else _accepted(accept)
        if wanted & {"application/json", "application/*"} or wanted == {""}:
            return _json(error, status, title, message), "application/json"
        too_large = status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if wanted & {"text/html", "text/*", "*/*"} and not too_large:
            text = _HTML.format(title=title, explanation=escape(message, quote=False))
            return text.encode(), "text/html; charset=UTF-8"
        return f"{title}\n\n{message}\n\n".encode(), "text/plain; charset=UTF-8"


def _json(error: CatalogError, status: int, title: str, message: str) -> bytes:
    facts: dict[str, Any] = {k: v for k, v in error.facts.items() if k != "headers"}
    document: dict[str, Any] = {
        "message": message,
        "code": title,
        "title": HTTPStatus(status).phrase,
        "error_code": error.code,
    }
    if facts:
        document["facts"] = facts
    try:
        return orjson.dumps(document, default=str)
    except TypeError:
        # A fact that JSON cannot say (a number beyond 64 bits, broken text) must not hide the error.
        return orjson.dumps(document | {"facts": {k: ascii(v) for k, v in facts.items()}})


def _accepted(accept: str) -> frozenset[str]:
    """The media types of an `Accept` header that are not refused by `q=0`."""
    found = set()
    for part in accept.lower().split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        if not any(_refuses(parameter) for parameter in parameters):
            found.add(media_type)
    return frozenset(found)


def _refuses(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in {"", "0.", "."}


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
