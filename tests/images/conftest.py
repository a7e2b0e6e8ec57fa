"""Fixtures that several tests of images use."""

from tests.support.server import server

__all__ = ["server"]
