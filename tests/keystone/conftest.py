"""This process as a service whose identity is a real Keystone."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from identity.conf import IdentityConfig
from identity.keystone import authentication, limits, people
from identity.keystone.conf import KeystoneConfig
from search import engines, index_maintenance
from tests.support.keystone import Cloud, Forwarder, Person, configuration, service_user, url

Configure = Callable[..., KeystoneConfig]


@pytest.fixture(scope="session")
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture(scope="session")
def service(cloud: Cloud) -> Person:
    return service_user(cloud)


@pytest.fixture
def forget() -> Iterator[None]:
    """The process remembers nothing of another test."""
    _forget()
    yield
    _forget()


@pytest.fixture
def configure(settings: Any, service: Person, forget: None) -> Configure:
    """Use these settings of the connection, the service's user in them."""

    def use(**values: Any) -> KeystoneConfig:
        found = configuration(service, **values)
        builtin = settings.VITRINE[IdentityConfig]
        settings.VITRINE = {
            **settings.VITRINE,
            KeystoneConfig: found,
            IdentityConfig: dataclasses.replace(builtin, backend="keystone"),
        }
        return found

    return use


@pytest.fixture
def way(cloud: Cloud) -> Iterator[tuple[Forwarder, str]]:
    """A way to Keystone that can be cut, and the region whose endpoint it is."""
    forwarder = Forwarder(url())
    yield forwarder, cloud.region(forwarder.url)
    forwarder.cut()


@pytest.fixture
def pages(configure: Configure, settings: Any, db: None) -> Iterator[Configure]:
    """The pages and the admin as they are with Keystone; call it with the connection's settings."""

    def use(**values: Any) -> KeystoneConfig:
        settings.AUTHENTICATION_BACKENDS = [
            "identity.keystone.backends.KeystoneBackend",
            "identity.keystone.backends.LocalAdminBackend",
        ]
        settings.MIDDLEWARE = [
            *settings.MIDDLEWARE,
            "identity.keystone.middleware.KeystoneSessionMiddleware",
        ]
        return configure(**values)

    engines.current().drop()
    index_maintenance.ensure()
    yield use
    engines.current().drop()


def _forget() -> None:
    authentication.tokens.clear()
    people.forget()
    limits.forget()
