"""The administrator's password and a `clouds.yaml`, kept in the data folder for whoever may read it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from catalog.conf import CatalogConfig, section
from identity.conf import IdentityConfig
from identity.services.bootstrap import bootstrap
from settings.sections import AccessConfig, HttpConfig

CLOUD = "vitrine"
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - names them, binds nothing


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the files lie; None when the password is known to the operator alone."""

    password: Path | None
    clouds: Path | None


def prepare(data_dir: Path) -> Credentials:
    """Make the first administrator if there is none, and the files that let people in.

    A password that the operator presets is set once, not again at every start: administrators change theirs.
    """
    file = data_dir / "admin_password"
    known = file.read_text(encoding="utf-8").strip() if file.exists() else None
    preset = section(AccessConfig).admin_password
    result = bootstrap(preset if preset != known else None)
    password = result.password or preset or known
    if password is None:
        return Credentials(None, None)
    clouds = data_dir / "clouds.yaml"
    _write(file, password + "\n")
    if section(IdentityConfig).backend == "keystone":  # the password opens the admin pages, no API
        return Credentials(file, None)
    _write(clouds, _clouds(password))
    return Credentials(file, clouds)


def address() -> str:
    """How clients on this machine reach the service, without a slash at the end."""
    if public := section(CatalogConfig).public_url:
        return public.rstrip("/")
    http = section(HttpConfig)
    host = EVERYWHERE.get(http.host, http.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{http.port}"


def _clouds(password: str) -> str:
    """JSON's strings are YAML's too, so any password is quoted rightly."""
    auth = {
        "auth_url": f"{address()}/identity/v3",
        "username": "admin",
        "password": password,
        "project_name": "admin",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    lines = [f"      {key}: {json.dumps(value)}" for key, value in auth.items()]
    return "\n".join(
        [
            "clouds:",
            f"  {CLOUD}:",
            "    auth:",
            *lines,
            f"    region_name: {json.dumps(section(IdentityConfig).region)}",
            "    interface: public",
            "    identity_api_version: 3",
            "",
        ]
    )


def _write(path: Path, text: str) -> None:
    """Write the file with mode 0600, whole or not at all; an equal one stays untouched."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        path.chmod(0o600)
        return
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
