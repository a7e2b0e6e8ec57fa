"""Requests to the service within the process: one client for the tests of all APIs."""

import json
from typing import Any

from django.test import Client


class Http:
    """What somebody asks, with a token (empty: without one), below `base`; `remote` is the address it comes from."""

    def __init__(
        self, token: str = "", *, base: str = "", remote: str = "127.0.0.1", raises: bool = True
    ) -> None:
        self.token, self._base, self._remote = token, base, remote
        self._client = Client(raise_request_exception=raises)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        **headers: str | None,
    ) -> Any:
        """The answer. Bytes and texts are sent as they are, everything else as JSON; `_` in a header's name is `-`, and
        a header that is None is left out.
        """
        given: dict[str, str | None] = {
            "X-Auth-Token": self.token or None,
            "Accept": "application/json",
        }
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.generic(
            method,
            path
            if path.startswith(("/image/", "/identity", "/search/", "/artifact/"))
            else self._base + path,
            _sent(body),
            content_type=content_type,
            headers={name: value for name, value in given.items() if value is not None},
            REMOTE_ADDR=self._remote,
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)


def _sent(body: Any) -> Any:
    if body is None:
        return b""
    return body if isinstance(body, bytes | str) else json.dumps(body)
