"""Fixtures that several tests of the APIs use."""

from tests.support.people import ada, root

__all__ = ["ada", "root"]
