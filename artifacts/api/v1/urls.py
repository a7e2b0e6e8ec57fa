"""Artifacts v1 under `/artifact`."""

from django.urls import path

from artifacts.api.v1 import versions, views
from catalog.api.views import anybody

urlpatterns = [
    path("", anybody(versions.versions)),
    path("versions", anybody(versions.versions)),
    path("schemas/<str:type_name>", views.TypeSchemas.as_view()),
    path("artifacts/<str:type_name>", views.ArtifactList.as_view()),
    path("artifacts/<str:type_name>/<str:artifact_id>", views.ArtifactItem.as_view()),
]
