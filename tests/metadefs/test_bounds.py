"""What one request and one namespace may hold."""

from dataclasses import replace

import pytest
from django.conf import settings

from catalog.conf import CatalogConfig
from metadefs.api.v2 import bodies
from metadefs.conf import MetadefsConfig
from metadefs.models import Association, Namespace, Property, ResourceType, Tag
from tests.metadefs.conftest import cores, make

pytestmark = pytest.mark.django_db
MANY = bodies.MOST_VALUES


@pytest.fixture
def judged(monkeypatch):
    """How often a body was judged by a schema."""
    found = []
    for name in ("_NAMESPACE", "_OBJECT", "_PROPERTY", "_TAGS"):
        judge = getattr(bodies, name)

        class Noting:
            def __init__(self, judge):
                self.judge = judge

            def iter_errors(self, body):
                found.append(body)
                return self.judge.iter_errors(body)

        monkeypatch.setattr(bodies, name, Noting(judge))
    return found


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"namespace": "N", "tags": [{"name": "t"}] * MANY}),
        ("", {"namespace": "N", "properties": {f"p{n}": {} for n in range(MANY)}}),
        ("", {"namespace": "N", "objects": [{}] * MANY}),
        ("", {"namespace": "N", "resource_type_associations": [{}] * MANY}),
        ("/N/objects", {"name": "o", "properties": {f"p{n}": {} for n in range(MANY)}}),
        ("/N/objects", {"name": "o", "required": ["p"] * MANY}),
        ("/N/properties", {**cores(), "name": "p", "enum": list(range(MANY))}),
        ("/N/tags", {"tags": [{"name": "t"}] * MANY}),
        ("/N/tags", {f"key{n}": 1 for n in range(MANY)}),
    ],
)
def test_values_are_counted_before_they_are_judged(api, judged, path, body):
    if path:
        make(api, "N")
        judged.clear()
    answer = api("POST", path, body)
    assert answer.status_code == 413
    told = answer.json()
    assert told["error_code"] == "too_many"
    assert told["facts"]["resource"] == "values"
    assert told["facts"]["limit"] == MANY
    assert not judged


@pytest.fixture
def tight(monkeypatch):
    config = replace(settings.VITRINE[MetadefsConfig], contents_limit=1000)
    monkeypatch.setitem(settings.VITRINE, MetadefsConfig, config)


def test_a_namespace_may_not_grow_beyond_its_limit(api, tight):
    make(api, "N")
    for number in range(2):
        body = {**cores(), "name": f"p{number}", "description": "x" * 300}
        assert api("POST", "/N/properties", body).status_code == 201
    answer = api("POST", "/N/properties", {**cores(), "name": "q", "description": "x" * 300})
    assert answer.status_code == 413
    told = answer.json()
    assert told["error_code"] == "metadata_too_large"
    assert told["facts"]["limit"] == 1000
    assert told["facts"]["used"] < 1000 < told["facts"]["asked"]
    assert Property.objects.count() == 2
    tags = {"tags": [{"name": f"tag{number}" + "x" * 50} for number in range(10)]}
    assert api("POST", "/N/tags", tags).status_code == 413
    assert not Tag.objects.exists()
    described = {"name": "o", "description": "x" * 900}
    assert api("POST", "/N/objects", described).status_code == 413


def test_what_is_larger_already_may_shrink(api, tight):
    make(api, "N")
    row = Namespace.objects.get()
    for name in ("a", "b", "c"):
        Property.objects.create(
            namespace=row, name=name, definition={**cores(), "description": "x" * 2000}
        )
    body = {**cores(), "name": "a", "description": "x" * 2000}
    assert api("PUT", "/N/properties/a", body).status_code == 200
    assert api("PUT", "/N/properties/a", {**body, "description": "y" * 2001}).status_code == 413
    assert api("PUT", "/N/properties/a", {**body, "description": "y" * 10}).status_code == 200
    assert api("DELETE", "/N/properties/b").status_code == 204


def test_a_page_of_heavy_namespaces_is_shorter_and_leads_on(api, monkeypatch):
    config = replace(settings.VITRINE[CatalogConfig], page_bytes=20_000)
    monkeypatch.setitem(settings.VITRINE, CatalogConfig, config)
    names = [f"N{number}" for number in range(7)]
    types = [ResourceType.objects.create(name=f"OS::{n}" + "x" * 70) for n in range(25)]
    for name in names:
        make(api, name)
        row = Namespace.objects.get(namespace=name)
        Association.objects.bulk_create(Association(namespace=row, resource_type=t) for t in types)
    path, found, lengths = "?limit=5&sort_key=namespace&sort_dir=asc", [], []
    while path:
        answer = api("GET", path if path.startswith("?") else f"/image{path}")
        assert answer.status_code == 200
        assert len(answer.content) < 21_000
        page = answer.json()
        lengths.append(len(page["namespaces"]))
        found += [one["namespace"] for one in page["namespaces"]]
        path = page.get("next", "")
    assert found == names
    assert set(lengths[:-1]) == {lengths[0]}
    assert 1 < lengths[0] < 5
