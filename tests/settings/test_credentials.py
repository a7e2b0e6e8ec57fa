"""The first administrator's password and the clouds.yaml that lets clients in."""

import dataclasses
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from catalog.conf import CatalogConfig
from settings.sections import AccessConfig, HttpConfig
from settings.serving import credentials

pytestmark = pytest.mark.django_db


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Any:
    def change(section_type: type, **values: Any) -> None:
        changed = dataclasses.replace(settings.VITRINE[section_type], **values)
        monkeypatch.setitem(settings.VITRINE, section_type, changed)

    return change


def clouds(folder: Path) -> Any:
    return yaml.safe_load((folder / "clouds.yaml").read_text())["clouds"]["vitrine"]


def test_first_start_makes_a_password_and_later_ones_keep_it(tmp_path: Path) -> None:
    found = credentials.prepare(tmp_path)
    assert (found.password, found.clouds) == (tmp_path / "admin_password", tmp_path / "clouds.yaml")
    password = (tmp_path / "admin_password").read_text().strip()
    assert len(password) > 15
    assert clouds(tmp_path)["auth"]["password"] == password
    before = (tmp_path / "clouds.yaml").stat()
    assert stat.S_IMODE(before.st_mode) == 0o600
    assert credentials.prepare(tmp_path) == found
    assert (tmp_path / "clouds.yaml").stat().st_mtime_ns == before.st_mtime_ns
    assert (tmp_path / "admin_password").read_text().strip() == password


def test_preset_password_is_taken_whatever_it_holds(tmp_path: Path, configured: Any) -> None:
    preset = "quote \" colon: hash # ünï 'x'"
    configured(AccessConfig, admin_password=preset)
    credentials.prepare(tmp_path)
    assert clouds(tmp_path)["auth"]["password"] == preset
    assert (tmp_path / "admin_password").read_text() == preset + "\n"


def test_preset_password_is_set_once_and_again_when_it_changes(
    tmp_path: Path, configured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    real = credentials.bootstrap

    def remember(password: str | None) -> Any:
        asked.append(password)
        return real(password)

    monkeypatch.setattr(credentials, "bootstrap", remember)
    configured(AccessConfig, admin_password="first-password-1")
    credentials.prepare(tmp_path)
    credentials.prepare(tmp_path)
    configured(AccessConfig, admin_password="second-password-2")
    credentials.prepare(tmp_path)
    assert asked == ["first-password-1", None, "second-password-2"]


def test_folder_that_never_knew_the_password_gets_no_files(tmp_path: Path) -> None:
    credentials.prepare(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    assert credentials.prepare(other) == credentials.Credentials(None, None)
    assert list(other.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "public", "address"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:9292"),
        ("0.0.0.0", None, "http://127.0.0.1:9292"),
        ("::", None, "http://[::1]:9292"),
        ("catalog.example", None, "http://catalog.example:9292"),
        ("0.0.0.0", "https://images.example/", "https://images.example"),
    ],
)
def test_address_is_one_that_clients_can_use(
    configured: Any, host: str, public: str | None, address: str
) -> None:
    configured(HttpConfig, host=host)
    configured(CatalogConfig, public_url=public)
    assert credentials.address() == address
