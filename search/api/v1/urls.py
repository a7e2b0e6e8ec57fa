"""Paths below `/search/`; `v1.0` is another name of `v1`."""

from django.urls import path, re_path

from search.api.v1 import views

urlpatterns = [
    path("", views.VersionsView.as_view()),
    re_path(r"^v1(?:\.0)?/?$", views.VersionView.as_view()),
    re_path(r"^v1(?:\.0)?/search/?$", views.SearchView.as_view()),
    re_path(r"^v1(?:\.0)?/search/plugins/?$", views.PluginsView.as_view()),
    re_path(r"^v1(?:\.0)?/search/facets/?$", views.FacetsView.as_view()),
]
