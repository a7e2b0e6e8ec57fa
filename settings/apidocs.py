"""`/docs/api`: the OpenAPI document as a page. The renderer is a file of ours; nothing comes from elsewhere."""

import secrets

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from settings.policies import HEADER, POLICY


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page for everybody, as the document is. Its renderer makes style sheets, which the nonce allows it alone."""
    nonce = secrets.token_urlsafe(16)
    response = render(request, "settings/apidocs.html", {"nonce": nonce})
    response.headers[HEADER] = POLICY.replace(
        "style-src 'self'", f"style-src 'self' 'nonce-{nonce}'"
    )
    response.headers["Cache-Control"] = "no-store"
    return response
