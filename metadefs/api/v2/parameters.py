"""Query parameters of the lists."""

from collections.abc import Collection
from dataclasses import dataclass

from rest_framework.request import Request

from catalog import query
from catalog.conf import CatalogConfig, section
from catalog.errors import InvalidParameter

_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which page of a list, in which order."""

    limit: int | None
    marker: str | None
    key: str
    descending: bool


def listing(request: Request, keys: Collection[str], *, limited: bool) -> Listing:
    """`limit`, `marker`, `sort_key`, `sort_dir`; `limited`: a page is never longer than the service's limit."""
    given = request.query_params
    key, descending = given.get("sort_key", "created_at"), direction(request) == "desc"
    if key not in keys:
        raise InvalidParameter(
            f"sort_key must be one of {', '.join(keys)}, not {key!r}", parameter="sort_key"
        )
    limit = count(request)
    if limited:
        config = section(CatalogConfig)
        limit = min(config.page_size if limit is None else limit, config.page_limit)
    return Listing(limit=limit, marker=given.get("marker"), key=key, descending=descending)


def resource_type(request: Request) -> str | None:
    """The one `resource_type` that is asked about; an empty name is none."""
    return request.query_params.get("resource_type") or None


def direction(request: Request) -> str:
    """`sort_dir`; lists that have one order judge it all the same."""
    found: str = request.query_params.get("sort_dir", "desc")
    if found not in {"asc", "desc"}:
        raise InvalidParameter(f"sort_dir must be asc or desc, not {found!r}", parameter="sort_dir")
    return found


def count(request: Request, *, least: int = 0) -> int | None:
    """`limit`, when it is given."""
    text = request.query_params.get("limit")
    if text is None:
        return None
    number = query.count(text, least=least)
    if number is None:
        raise InvalidParameter(
            f"limit must be a whole number of at least {least}, not {text!r}", parameter="limit"
        )
    return number


def visibility(request: Request) -> str | None:
    found = request.query_params.get("visibility")
    if found not in {None, "public", "private"}:
        raise InvalidParameter(
            f"visibility must be public or private, not {found!r}", parameter="visibility"
        )
    return found


def resource_types(request: Request) -> list[str]:
    """The names in `resource_types`; none that a database could not hold."""
    text = request.query_params.get("resource_types", "")
    return [name for name in text.replace("\x00", "\ufffd").split(",") if name]


def append(request: Request) -> bool:
    """Whether `X-Openstack-Append` asks to keep what is there."""
    return request.headers.get("X-Openstack-Append", "").strip().lower() in _TRUE
