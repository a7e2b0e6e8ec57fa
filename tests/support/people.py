"""The people of most tests of images: a member, and an administrator."""

import pytest

from tests.support.images import Caller, administrator, callers


@pytest.fixture
def ada(db: None) -> Caller:
    """A member of a project of her own."""
    return callers("ada")[0]


@pytest.fixture
def root(db: None) -> Caller:
    return administrator()
