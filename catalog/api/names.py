"""Names in routes: whatever an address holds behind a point, and the slash that an address may end in."""

import re
from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from django.urls.converters import StringConverter

from catalog.api.addresses import RAW_PATH


class NameConverter(StringConverter):
    """Any text, slashes and line breaks too: `<name:tag>` is the tag as it was sent."""

    regex = r"[\s\S]+"


def ended(pattern: URLPattern) -> URLPattern:
    """The pattern with a slash behind it. A slash that was sent as `%2F` is the last character of a name; where no name
    may end so, nothing is at the address.
    """
    callback: Callable[..., HttpResponseBase] = pattern.callback
    route = str(pattern.pattern)
    last = re.search(r"<name:(\w+)>$", route)

    @wraps(callback)
    def view(request: HttpRequest, **named: str) -> HttpResponseBase:
        if _ends_in_name(request):
            if last is None:
                raise Http404
            named[last[1]] += "/"
        return callback(request, **named)

    return path(f"{route}/", view)


def _ends_in_name(request: HttpRequest) -> bool:
    return not str(request.META.get(RAW_PATH, "/")).endswith("/")
