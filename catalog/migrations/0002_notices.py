from django.db import migrations, models

import catalog.clock
import catalog.fields


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=catalog.clock.now)),
                ("object_type", catalog.fields.KeyField(max_length=80)),
                ("object_id", catalog.fields.KeyField(max_length=255)),
                ("event_type", models.CharField(max_length=80)),
                ("priority", models.CharField(max_length=8)),
                ("payload", models.JSONField()),
                ("message_id", models.CharField(max_length=36)),
                ("context", models.JSONField(default=dict)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["object_type", "object_id", "id"], name="notice_object")
                ],
            },
        ),
    ]
