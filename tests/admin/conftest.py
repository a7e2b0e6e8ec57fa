from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import clear_url_caches

from catalog.actors import Actor, system_actor
from images.services import metadata
from tests.support.identity import *  # noqa: F403 - the fixtures are for here
from tests.support.identity import make_admin


@pytest.fixture
def operator(client: Client, db: None) -> Iterator[Client]:
    """A browser in which the administrator is signed in."""
    user, _ = make_admin()
    client.force_login(user)
    yield client
    clear_url_caches()


@pytest.fixture
def system() -> Actor:
    return system_actor("tests")


@pytest.fixture
def image(db: None, system: Actor):
    """Makes images: `image(name="…")`."""

    def make(**values):
        document = {"name": "debian", "disk_format": "qcow2", "container_format": "bare", **values}
        return metadata.create_image(document, actor=system)

    return make
