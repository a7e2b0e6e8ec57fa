"""Runs inside Glance: a token `user:project:role[,role]` is believed, since no Keystone is there to ask."""

from glance.common import wsgi


class FakeAuth(wsgi.Middleware):
    def process_request(self, req):
        parts = (req.headers.get("X-Auth-Token") or "").split(":")
        if len(parts) == 3:
            req.headers["X-User-Id"], req.headers["X-Project-Id"], req.headers["X-Roles"] = parts
            req.headers["X-Identity-Status"] = "Confirmed"
