"""The files of the pages and of the admin, sent by the event loop: who reads them slowly holds no thread."""

import os
from functools import cached_property
from pathlib import Path

from django.contrib.staticfiles.finders import get_finders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope
from typing_extensions import override

CACHED = "max-age=60, public"
ICON = "console/favicon.ico"


class AppFiles(StaticFiles):
    """The files that Django's finders list, and nothing else; a running service's are always the same."""

    @cached_property
    def _files(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for finder in get_finders():
            for name, storage in finder.list(None):
                found.setdefault(name, storage.path(name))
        return found

    @override
    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        file = self._files.get(path)
        return ("", None) if file is None else (file, Path(file).stat())

    @override
    def file_response(
        self,
        full_path: PathLike,
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = CACHED
        return response


def routes(url: str) -> list[BaseRoute]:
    """All files, below an address like `/static/`, and the icon that browsers ask for whatever a page names."""
    files = AppFiles()

    async def icon(request: Request) -> Response:
        return await files.get_response(ICON, request.scope)

    return [
        Mount(url.rstrip("/"), files, name="static"),
        Route("/favicon.ico", icon, name="favicon"),
    ]
