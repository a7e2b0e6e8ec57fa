"""What a deleted artifact was before, so that it can come back; and statistics for filters.

PostgreSQL ignores the statistics of partial indexes, and takes any equality on such an expression for half a percent
of the table: it would read every public row for a digest that one row has.
"""

from django.db import migrations

import catalog.fields

EXPRESSIONS = {
    "artifact_stat_name": "COALESCE(name, ''::character varying)",
    "artifact_stat_disk_format": "COALESCE(disk_format, ''::character varying)",
    "artifact_stat_container_format": "COALESCE(container_format, ''::character varying)",
    "artifact_stat_size": "COALESCE(size, 0::bigint)",
    "artifact_stat_checksum": "fields ->> 'checksum'",
    "artifact_stat_hash": "fields ->> 'os_hash_value'",
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name, expression in EXPRESSIONS.items():
            schema_editor.execute(
                f"CREATE STATISTICS {name} ON ({expression}) FROM artifacts_artifact"
            )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in EXPRESSIONS:
            schema_editor.execute(f"DROP STATISTICS IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [("artifacts", "0005_upload_sessions")]
    operations = [
        migrations.AddField(
            model_name="artifact",
            name="restores_to",
            field=catalog.fields.KeyField(blank=True, db_default="", default="", max_length=32),
        ),
        migrations.RunPython(create, drop),
    ]
