import uuid

from django.db import migrations


def give_token(apps, schema_editor):
    """An epoch that no change of definitions has raised yet had no token, and was read anew each time."""
    epoch = apps.get_model("metadefs", "Epoch")
    epoch.objects.filter(token="").update(token=str(uuid.uuid4()))


class Migration(migrations.Migration):
    dependencies = [("metadefs", "0001_initial")]

    operations = [migrations.RunPython(give_token, migrations.RunPython.noop)]
