"""The monitoring addresses alone."""

from django.urls import include, path

urlpatterns = [path("", include("settings.monitoring"))]
