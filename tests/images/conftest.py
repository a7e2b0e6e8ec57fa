"""Fixtures that several tests of images use."""

from tests.support.server import server, stray_sessions

__all__ = ["server", "stray_sessions"]
