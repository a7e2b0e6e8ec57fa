from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('artifacts', '0003_digest_indexes'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='artifact',
            index=models.Index(models.F('type'), models.F('project_id'), models.F('status'), condition=models.Q(('scrubbed_at__isnull', True)), name='artifact_usage'),
        ),
    ]
