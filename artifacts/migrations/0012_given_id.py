from django.db import migrations

import catalog.fields


class Migration(migrations.Migration):
    dependencies = [("artifacts", "0011_count_tombstones")]
    operations = [
        migrations.AddField(
            model_name="artifact",
            name="given_id",
            field=catalog.fields.KeyField(blank=True, max_length=36, null=True),
        ),
    ]
