"""One port, one prefix per service, as the service catalog tells clients."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLResolver, include, path, re_path

from catalog.api.views import anybody
from settings import apidocs, openapi

handler400 = "settings.error_handlers.bad_request"
handler403 = "settings.error_handlers.forbidden"
handler404 = "settings.error_handlers.not_found"
handler500 = "settings.error_handlers.failed"


def _service(prefix: str, urls: str) -> URLResolver:
    """The service under its prefix; clients ask for the prefix with and without a slash behind it."""
    return re_path(rf"^{prefix}(?:/|$)", include(urls))


urlpatterns = [
    _service("identity", "identity.keystone.urls" if settings.KEYSTONE else "identity.api.v3.urls"),
    _service("image", "images.api.v2.urls"),
    _service("artifact", "artifacts.api.v1.urls"),
    _service("search", "search.api.v1.urls"),
    path("admin/", admin.site.urls),
    path("", include("settings.monitoring")),
    path("openapi.json", anybody(openapi.served), name="openapi"),
    re_path(r"^docs/api/?$", anybody(apidocs.page), name="apidocs"),
    path("", include("console.urls")),
]
