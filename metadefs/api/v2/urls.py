"""Metadefs v2; the Images dialect includes these paths beside its own, under `/image/v2/`."""

from django.urls import path

from metadefs.api.v2 import namespaces, objects, properties, resource_types, schemas, tags

_IN = "metadefs/namespaces/<str:namespace>"

urlpatterns = [
    path("metadefs/namespaces", namespaces.NamespaceList.as_view()),
    path(f"{_IN}", namespaces.NamespaceItem.as_view()),
    path(f"{_IN}/properties", properties.PropertyList.as_view()),
    path(f"{_IN}/properties/<name:name>", properties.PropertyItem.as_view()),
    path(f"{_IN}/objects", objects.ObjectList.as_view()),
    path(f"{_IN}/objects/<name:name>", objects.ObjectItem.as_view()),
    path(f"{_IN}/tags", tags.TagList.as_view()),
    path(f"{_IN}/tags/<name:name>", tags.TagItem.as_view()),
    path(f"{_IN}/resource_types", resource_types.AssociationList.as_view()),
    path(f"{_IN}/resource_types/<name:name>", resource_types.AssociationItem.as_view()),
    path("metadefs/resource_types", resource_types.ResourceTypeList.as_view()),
    path("schemas/metadefs/<str:name>", schemas.Schema.as_view()),
]
