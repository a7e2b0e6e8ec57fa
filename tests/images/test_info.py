"""What a site tells of itself: ways of importing, stores, and how they are set up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from artifacts import configured_stores
from artifacts.conf import StoresConfig
from catalog.conf import ConfigurationError, parse
from tests.support.images import Caller, administrator, callers
from tests.support.stores import backends, configured

pytestmark = pytest.mark.django_db


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Path]:
    with configured(default="fast", backends=backends(tmp_path, 80)):
        yield tmp_path


def service() -> Caller:
    return Caller("nova", callers("compute")[0].project, ("service", "member"))


def test_import_methods() -> None:
    """None yet; whoever signs in may ask."""
    (ada,) = callers("ada")
    answer = ada.call("GET", "/v2/info/import")
    assert answer.status_code == 200
    assert answer.json()["import-methods"]["value"] == []
    assert answer.json()["import-methods"]["type"] == "array"
    assert "OpenStack-image-import-methods" not in ada.call("POST", "/v2/images", {})


def test_stores(several: Path) -> None:
    """Flags are text and left out where they do not hold."""
    (ada,) = callers("ada")
    assert ada.call("GET", "/v2/info/stores").json() == {
        "stores": [
            {"id": "fast", "description": "Quick disks", "default": "true"},
            {"id": "cheap"},
            {"id": "web", "read-only": "true"},
        ]
    }
    created = ada.call("POST", "/v2/images", {"name": "x"})
    assert created["OpenStack-image-store-ids"] == "fast,cheap,web"


def test_details_are_for_operators(several: Path) -> None:
    (ada,) = callers("ada")
    refused = ada.call("GET", "/v2/info/stores/detail")
    assert refused.status_code == 403
    assert str(several) not in refused.content.decode()
    for one in (administrator(), service()):
        found = {s["id"]: s for s in one.call("GET", "/v2/info/stores/detail").json()["stores"]}
        assert list(found) == ["fast", "cheap", "web"]
        assert (found["fast"]["type"], found["fast"]["weight"]) == ("file", 10)
        assert found["fast"]["properties"]["data_dir"] == str(several / "fast")
        assert found["cheap"]["weight"] == 0
        assert (found["web"]["type"], found["web"]["properties"]) == ("http", {})


@pytest.mark.parametrize("path", ["/v2/info/stores", "/v2/info/stores/detail"])
def test_a_site_with_one_store_has_none_to_choose(path: str) -> None:
    root = administrator()
    answer = root.call("GET", path)
    assert answer.status_code == 404
    assert "Multi backend is not supported at this site." in answer.json()["message"]
    assert "OpenStack-image-store-ids" not in root.call("POST", "/v2/images", {})


@pytest.mark.parametrize("path", ["/v2/info/stores", "/v2/info/import", "/v2/info/stores/detail"])
def test_strangers_bodies_and_other_methods(several: Path, path: str) -> None:
    root = administrator()
    assert root.call("GET", path, {"a": 1}).status_code == 400
    answer = root.call("POST", path, {})
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    root.token = "vt-nothing"
    assert root.call("GET", path).status_code == 401


@pytest.mark.parametrize(
    ("name", "table", "told"),
    [
        ("fast", {"weight": "high"}, "weight='high' must be a int"),
        ("fast", {"weight": True}, "must be a int"),
        ("fast", {"description": 3}, "must be a str"),
        ("fast", {"wieght": 3}, "is no setting"),
        ("fast", "file", "must be a table"),
        ("os_glance_staging_store", {}, "cannot be the name"),
        ("a,b", {}, "cannot be the name"),
    ],
)
def test_wrong_tables_are_named(name: str, table: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        parse(StoresConfig, {}, {"stores": {"default": name, "backends": {name: table}}})


def test_a_default_store_must_take_uploads(tmp_path: Path) -> None:
    with (
        configured(default="web", backends=backends(tmp_path, 80)),
        pytest.raises(ConfigurationError, match="only reads"),
    ):
        configured_stores.stores()
    assert settings.VITRINE[StoresConfig].default == "local"
