"""Indexes for digests that SQLite uses. PostgreSQL reads the new expression as the old one and keeps its indexes."""

from django.db import migrations, models

from artifacts.properties import FieldText

LISTED = models.Q(("deleted_at__isnull", True), ("hidden", False))


class OnSQLite:
    """An operation that leaves other databases as they are."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "sqlite":
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class RemoveIndex(OnSQLite, migrations.RemoveIndex):
    pass


class AddIndex(OnSQLite, migrations.AddIndex):
    pass


class Migration(migrations.Migration):
    dependencies = [("artifacts", "0008_indexes_of_everybody")]
    operations = [
        RemoveIndex("artifact", "artifact_checksum"),
        RemoveIndex("artifact", "artifact_hash"),
        AddIndex(
            "artifact",
            models.Index(FieldText("checksum"), name="artifact_checksum", condition=LISTED),
        ),
        AddIndex(
            "artifact",
            models.Index(FieldText("os_hash_value"), name="artifact_hash", condition=LISTED),
        ),
    ]
