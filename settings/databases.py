"""Django's settings of the database: PostgreSQL by its address, or SQLite in the data folder."""

from pathlib import Path
from typing import Any

import dj_database_url

from catalog.conf import ConfigurationError
from settings.sections import DatabaseConfig

POSTGRESQL, SQLITE = "django.db.backends.postgresql", "django.db.backends.sqlite3"

VANISHING = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 30_000,
}
"""Lets libpq notice within half a minute a server that went without a word (seconds; milliseconds); the kernel's own
limits are hours. What the address says counts more."""


def database(config: DatabaseConfig, data_dir: Path) -> dict[str, Any]:
    """`DATABASES["default"]`; ConfigurationError."""
    if not config.url:
        return _sqlite(str(data_dir / "vitrine.sqlite3"))
    try:
        found: dict[str, Any] = dict(
            dj_database_url.parse(config.url, conn_max_age=600, conn_health_checks=True)
        )
    except (ValueError, KeyError) as error:
        raise ConfigurationError([f"VITRINE_DATABASE_URL: {error}"]) from None
    if found["ENGINE"] not in {POSTGRESQL, SQLITE}:
        raise ConfigurationError(
            ["VITRINE_DATABASE_URL: only postgresql:// and sqlite:// are supported"]
        )
    if found["ENGINE"] == SQLITE:
        return _sqlite(found["NAME"], **found.get("OPTIONS", {}))
    found["ENGINE"] = "catalog.sql.postgresql"
    found["OPTIONS"] = VANISHING | found.get("OPTIONS", {})
    if config.prepared:
        found["OPTIONS"] = {"prepare_threshold": 0} | found["OPTIONS"]
    else:
        found["DISABLE_SERVER_SIDE_CURSORS"] = True
    return found


def _sqlite(name: str, /, **options: Any) -> dict[str, Any]:
    return {
        "ENGINE": "catalog.sql.sqlite",
        "NAME": name,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            " PRAGMA foreign_keys=ON; PRAGMA cache_size=-32000;",
            **options,
        },
    }
