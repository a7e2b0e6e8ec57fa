"""One port, one prefix per service, as the service catalog tells clients."""

from django.contrib import admin
from django.urls import include, path

handler400 = "settings.refusals.bad_request"
handler403 = "settings.refusals.forbidden"
handler404 = "settings.refusals.not_found"
handler500 = "settings.refusals.failed"

urlpatterns = [
    path("identity/", include("identity.api.v3.urls")),
    path("image/", include("images.api.v2.urls")),
    path("artifact/", include("artifacts.api.v1.urls")),
    path("search/", include("search.api.v1.urls")),
    path("admin/", admin.site.urls),
    path("", include("settings.monitoring")),
    path("", include("console.urls")),
]
