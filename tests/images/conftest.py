"""Fixtures that several tests of images use."""

from tests.support.configuring import configure
from tests.support.located import shown, web
from tests.support.people import ada
from tests.support.rules import rules
from tests.support.server import server, stray_sessions

__all__ = ["ada", "configure", "rules", "server", "shown", "stray_sessions", "web"]
