from django.db import migrations, models

import catalog.fields


class Migration(migrations.Migration):
    """Deliveries that are there belong to no named project: to one more that takes its turn."""

    dependencies = [("catalog", "0002_notices")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="project_id",
            field=catalog.fields.KeyField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.RemoveIndex(model_name="delivery", name="delivery_due"),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(parked=False),
                fields=["consumer", "project_id", "due_at", "id"],
                name="delivery_turn",
            ),
        ),
    ]
