"""Settings, checks, and the services that the catalog names."""

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.test import override_settings

from catalog.conf import CatalogConfig, ConfigurationError, parse
from identity import endpoints, errors, service_catalog
from identity.conf import IdentityConfig
from tests.identity.api import Api
from tests.support.identity import make_project, make_user


@pytest.fixture
def configure(settings):
    def change(**values) -> None:
        made = parse(
            IdentityConfig, {f"VITRINE_IDENTITY_{k.upper()}": v for k, v in values.items()}, {}
        )
        settings.VITRINE = {**django_settings.VITRINE, IdentityConfig: made}

    return change


def identity_errors() -> set[str]:
    return {e.id for e in run_checks() if e.id and e.id.startswith("identity.")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN_LIFETIME", "0"),
        ("TOKEN_LIFETIME", "soon"),
        ("CACHE_SECONDS", "-1"),
        ("CACHE_SIZE", "0"),
        ("REGION", "x" * 300),
        ("EXTRA_SERVICES", "compute"),
        ("EXTRA_SERVICES", "compute=ftp://x"),
        ("APPLICATION_CREDENTIALS", "0"),
        ("LOGIN_FREE_ATTEMPTS", "0"),
        ("LOGIN_LONGEST_DELAY", "0"),
    ],
)
def test_wrong_settings_are_named(name, value) -> None:
    with pytest.raises(ConfigurationError, match=f"VITRINE_IDENTITY_{name}"):
        parse(IdentityConfig, {f"VITRINE_IDENTITY_{name}": value}, {})
    assert parse(IdentityConfig, {}, {}) == IdentityConfig()


@pytest.mark.django_db
def test_further_services_and_addresses_come_from_settings(configure, settings) -> None:
    make_user("ada", make_project("ours"))
    configure(
        extra_services="compute=https://nova.example.org/v2.1/,messaging=/messaging", region="Here"
    )
    public = CatalogConfig(public_url="https://catalog.example.org/")
    settings.VITRINE = {**settings.VITRINE, CatalogConfig: public}
    catalog = {
        e["type"]: e["endpoints"][0] for e in Api().sign_in("ada").json()["token"]["catalog"]
    }
    assert catalog["compute"]["url"] == "https://nova.example.org/v2.1"
    assert catalog["messaging"]["url"] == "https://catalog.example.org/messaging"
    assert catalog["image"]["url"] == "https://catalog.example.org/image"
    assert catalog["image"]["region"] == "Here"
    assert identity_errors() == set()


def test_a_service_named_twice_is_an_error(configure) -> None:
    configure(extra_services="image=/elsewhere")
    assert "identity.E001" in identity_errors()
    configure(extra_services="a=/b,a=/c")
    assert "identity.E001" in identity_errors()
    with pytest.raises(ValueError, match="image"):
        endpoints.register(endpoints.Service("image", "/elsewhere"))
    endpoints.register(*endpoints.BUILT_IN)


def test_a_weaker_hasher_is_an_error() -> None:
    weak = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=weak):
        assert "identity.E002" in identity_errors()
    assert "identity.E002" not in identity_errors()


def test_endpoint_ids_stay() -> None:
    service = endpoints.Service("image", "/image")
    assert service.id == endpoints.Service("image", "/moved").id
    ids = [one.pk for one in service_catalog.configured_endpoints()]
    assert len(ids) == len(set(ids)) == 3 * len(endpoints.services())


def test_error_codes_are_told_apart() -> None:
    own = [
        e for e in vars(errors).values() if isinstance(e, type) and e.__module__ == errors.__name__
    ]
    codes = [e.code for e in own]
    assert len(codes) == len(set(codes)) >= 13
