"""Fixtures that several tests of images use."""

from tests.support.located import shown, web
from tests.support.server import server, stray_sessions

__all__ = ["server", "shown", "stray_sessions", "web"]
