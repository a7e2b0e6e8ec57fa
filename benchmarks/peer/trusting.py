"""Identity for the measured Glance: who calls stands in the token itself, `user:project:role[,role]`.

Runs inside Glance's virtual environment, in the place of keystonemiddleware. It costs Glance next to nothing,
while Vitrine checks real tokens; the comparison leans to Glance by that much.
"""

from typing import Any

from glance.common import wsgi


class Trusting(wsgi.Middleware):
    def process_request(self, req: Any) -> None:
        parts = req.headers.get("X-Auth-Token", "").split(":")
        if len(parts) != 3:
            return
        user, project, roles = parts
        req.headers.update(
            {
                "X-Identity-Status": "Confirmed",
                "X-User-Id": user,
                "X-Project-Id": project,
                "X-Roles": roles,
            }
        )
