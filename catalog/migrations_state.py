"""Whether the database can be used, and has the tables of this version."""

from django.db import Error, connection, connections
from django.db.migrations.executor import MigrationExecutor

from catalog import outage_log
from catalog.conf import ConfigurationError
from catalog.errors import first_line

UNUSABLE = "the database cannot be used"
OLD = "the database has no tables, or they are older than this version"
REMEDY = "manage.py migrate brings them up to date; so does serve, unless it is told --no-migrate"


def migrations_pending() -> bool:
    """Whether a migration is missing; django.db.Error where the database cannot be used."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def require() -> None:
    """ConfigurationError when a migration is missing; a database that is away is waited for by who needs it."""
    try:
        old = migrations_pending()
    except Error:
        return
    if old:
        raise ConfigurationError([f"{OLD}; {REMEDY}"])


def explained(error: Error) -> str | None:
    """What to do about an error that ended a command; None when it is a defect."""
    connections.close_all()
    try:
        if migrations_pending():
            return f"{OLD}; {REMEDY}"
    except Error as other:
        return f"{UNUSABLE}: {first_line(other)}"
    return f"{UNUSABLE}: {first_line(error)}" if outage_log.of_database(error) else None
