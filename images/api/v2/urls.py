"""Images v2 under `/image`: version documents, images, members, schemas, and the metadefs beside them."""

from django.urls import URLPattern, URLResolver, include, path, re_path, register_converter
from django.urls.converters import StringConverter
from typing_extensions import override

from catalog.api.names import ended
from catalog.api.openstack_errors import OpenStackDialect
from catalog.api.views import anybody
from images.api.v2 import (
    families,
    history,
    info,
    locations,
    members,
    schemas,
    usage,
    versions,
    views,
)


class IdConverter(StringConverter):
    """Ids are small letters wherever they are kept; clients may write them in capitals."""

    @override
    def to_python(self, value: str) -> str:
        return value.lower()


register_converter(IdConverter, "id")

v2: list[URLPattern | URLResolver] = [
    path("families", families.FamilyList.as_view()),
    path("families/<name:family>/moves", families.FamilyMoves.as_view()),
    path("families/<name:family>/actions/rollback", families.FamilyRollback.as_view()),
    path("families/<name:family>", families.FamilyItem.as_view()),
    path("images", views.ImageList.as_view()),
    path("images/<id:image_id>", views.ImageItem.as_view()),
    path("images/<id:image_id>/actions/deactivate", views.Deactivation.as_view()),
    path("images/<id:image_id>/actions/reactivate", views.Reactivation.as_view()),
    path("images/<id:image_id>/actions/restore", views.Restoration.as_view()),
    path("images/<id:image_id>/tags/<name:tag>", views.ImageTag.as_view()),
    path("images/<id:image_id>/events", history.ImageEvents.as_view()),
    path("images/<id:image_id>/locations", locations.Locations.as_view()),
    path("images/<id:image_id>/members", members.MemberList.as_view()),
    path("images/<id:image_id>/members/<name:member_id>", members.MemberItem.as_view()),
    path("info/import", info.ImportMethods.as_view()),
    path("info/stores", info.Stores.as_view()),
    path("info/stores/detail", info.StoresDetail.as_view()),
    path("info/usage", usage.Usage.as_view()),
    path("stores/<name:store>/<id:image_id>", locations.StoreItem.as_view()),
    path("schemas/<str:name>", schemas.Schema.as_view()),
    path("", include("metadefs.api.v2.urls")),
]


def _with_slash(patterns: list[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Every address may end in a slash as well, but `images/`: that is an image with an empty id, and there is none."""
    single = [p for p in patterns if isinstance(p, URLPattern) and str(p.pattern) != "images"]
    return [*map(ended, single), *patterns]


urlpatterns = [
    path("", versions.root),
    path("versions", anybody(versions.versions, OpenStackDialect())),
    path("healthcheck", anybody(versions.healthcheck, OpenStackDialect())),
    re_path(r"^v2(?:\.(?:\d|1[0-8]))?/?$", anybody(versions.versions, OpenStackDialect())),
    re_path(r"^v2(?:\.(?:\d|1[0-8]))?/", include(_with_slash(v2))),
    re_path(r"^(?P<rest>(?!v2(?:\.(?:\d|1[0-8]))?/).*)$", versions.root),
]
