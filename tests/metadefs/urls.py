from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("image/v2/", include("metadefs.api.v2.urls")),
    path("admin/", admin.site.urls),
]
