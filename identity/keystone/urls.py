"""`/identity` while Keystone knows the users: nothing but where Keystone is.

Clients keep to the host that they asked, whatever discovery tells them; so all other paths answer 410, with the
address.
"""

from typing import Any

from django.http import HttpResponse
from django.urls import path, re_path
from rest_framework.request import Request
from typing_extensions import override

from catalog.api.views import json_response
from catalog.conf import section
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView
from identity.errors import IdentityElsewhere
from identity.keystone.conf import KeystoneConfig


class VersionsView(IdentityView):
    """Which versions there are: Keystone's."""

    anonymous = True

    def get(self, request: Request) -> HttpResponse:
        shown = {"versions": {"values": [documents.version(section(KeystoneConfig).told_url)]}}
        return json_response(shown, status=300)


class VersionView(IdentityView):
    anonymous = True

    def get(self, request: Request) -> HttpResponse:
        return json_response({"version": documents.version(section(KeystoneConfig).told_url)})


class ElsewhereView(IdentityView):
    """Answers 410 to every other path."""

    anonymous = True

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        url = section(KeystoneConfig).told_url
        raise IdentityElsewhere(
            f"Users, projects and tokens are kept by Keystone: use {url} instead.", url=url
        )


urlpatterns = [
    path("", VersionsView.as_view()),
    path("v3", VersionView.as_view()),
    path("v3/", VersionView.as_view()),
    re_path(r"^.*$", ElsewhereView.as_view()),
]
