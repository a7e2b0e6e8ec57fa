"""`/docs/api`: the OpenAPI document as a page. The renderer is a file of ours; nothing comes from elsewhere."""

import secrets

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from settings.content_security_policy import HEADER, POLICY

SCROLLBARS = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
)
"""The renderer's style sheet of scrollbars, empty and filled, which takes no nonce."""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page for everybody, as the document is. Its renderer makes style sheets, which the nonce allows it alone, and
    shows pictures that it brings in itself.
    """
    nonce = secrets.token_urlsafe(16)
    response = render(request, "settings/apidocs.html", {"nonce": nonce})
    styles = " ".join(["style-src 'self'", f"'nonce-{nonce}'", *SCROLLBARS])
    policy = POLICY.replace("style-src 'self'", styles)
    response.headers[HEADER] = policy.replace("img-src 'self'", "img-src 'self' data:")
    response.headers["Cache-Control"] = "no-store"
    return response
