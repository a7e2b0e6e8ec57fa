"""Query parameters and headers of Search v1."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework.request import Request

from catalog.errors import InvalidParameter
from catalog.indexing.documents import sources
from catalog.query import Everything
from search import opt_in
from search.caller_search import CallerSearch
from search.errors import QueryRefused
from search.requests import BUCKETS
from search.schema import Schema

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_FACETS = {"type", "index", "all_projects", "limit_terms", "include_fields", "exclude_options"}


def with_openings(request: Request, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with what the address opens; QueryRefused when both say it."""
    said = {name: request.GET[name] for name in opt_in.parameters() if name in request.GET}
    if twice := sorted(said.keys() & body.keys()):
        raise QueryRefused(f"{twice[0]} stands in the address and in the body; give it once")
    return {**body, **said}


def with_consistency(request: Request, question: CallerSearch) -> CallerSearch:
    """`?consistency=wait`, or the header `X-Vitrine-Consistency: wait`."""
    if beyond := sorted(set(request.GET) - {"consistency", *opt_in.parameters()}):
        raise InvalidParameter(
            f"there is no parameter {beyond[0]}; the search is asked in the body"
        )
    wish = request.GET.get("consistency", request.headers.get("X-Vitrine-Consistency", "none"))
    if wish not in {"none", "wait"}:
        raise InvalidParameter("consistency must be wait or none", parameter="consistency")
    return replace(question, consistency="wait" if wish == "wait" else "none")


def facets(schema: Schema, request: Request) -> dict[str, Any]:
    """The arguments of `facets.facets`."""
    if beyond := sorted(set(request.GET) - _FACETS - set(opt_in.parameters())):
        raise InvalidParameter(f"there is no parameter {beyond[0]}")
    types = tuple(request.GET.getlist("type"))
    if unknown := sorted(set(types) - sources().keys()):
        raise InvalidParameter(f"there is no resource type {unknown[0]}", parameter="type")
    said = opt_in.said({name: request.GET[name] for name in request.GET})
    return {
        "types": types,
        "query": opt_in.narrowed(schema, Everything(), said),
        "opened": frozenset(said),
        "limit": _limit(request.GET.get("limit_terms", "0")),
        "options": not _boolean(request, "exclude_options", default=False),
        "fields": _boolean(request, "include_fields", default=True),
        "all_projects": _boolean(request, "all_projects", default=False),
    }


def _boolean(request: Request, name: str, *, default: bool) -> bool:
    given = request.GET.get(name)
    if given is None:
        return default
    if given.lower() not in _BOOLEANS:
        raise InvalidParameter(f"{name} must be true or false", parameter=name)
    return _BOOLEANS[given.lower()]


def _limit(given: str) -> int:
    if not given.isdecimal() or len(given) > 6:
        raise InvalidParameter("limit_terms must be a whole number", parameter="limit_terms")
    return min(int(given), BUCKETS) or BUCKETS
