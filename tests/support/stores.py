"""Several stores for a test: files, files, and web servers of others."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings

from artifacts import configured_stores
from artifacts.conf import StoresConfig


def backends(folder: Path, *ports: int) -> dict[str, Any]:
    """`fast`, the default; `cheap`; and `web`, which reads loopback at the given ports."""
    web = {"allowed_ports": list(ports), "private_networks": ["127.0.0.0/8"], "timeout": 20}
    return {
        "fast": {
            "backend": "file",
            "weight": 10,
            "description": "Quick disks",
            "options": {"root": str(folder / "fast")},
        },
        "cheap": {"backend": "file", "options": {"root": str(folder / "cheap")}},
        "web": {"backend": "http", "weight": -5, "options": web},
    }


@contextmanager
def configured(**values: Any) -> Iterator[None]:
    """The service with these settings of its stores."""
    before = settings.VITRINE[StoresConfig]
    settings.VITRINE[StoresConfig] = replace(before, **values)
    configured_stores.stores.cache_clear()
    try:
        yield
    finally:
        settings.VITRINE[StoresConfig] = before
        configured_stores.stores.cache_clear()
