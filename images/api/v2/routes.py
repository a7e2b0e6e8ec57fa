"""Routes of the byte paths, with the version in the address or in the `Accept` header."""

from starlette.datastructures import Headers
from starlette.routing import Match, Route
from starlette.types import Scope
from typing_extensions import override

from images.api.v2.versions import named


class VersionedRoute(Route):
    """A route below `/image/{version}`; the version may stand in the `Accept` header instead."""

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found = super().matches(scope)
        if found[0] is Match.NONE and scope.get("path", "").startswith("/image/images/"):
            version = named(Headers(scope=scope).get("accept"))
            if version is not None:
                path = f"/image/{version}{scope['path'].removeprefix('/image')}"
                return super().matches({**scope, "path": path})
        return found
