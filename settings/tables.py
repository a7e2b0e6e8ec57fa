"""Whether the database can be used, and has the tables of this version."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

UNUSABLE = "the database cannot be used"


def behind() -> bool:
    """Whether a migration is missing; django.db.Error where the database cannot be used."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
