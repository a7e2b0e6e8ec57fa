"""Images that were taken over with one file have one object, which counted one of them: the first that was purged took the
others' bytes along. Count every location that names an object.
"""

from django.db import migrations
from django.db.models import Count, F, OuterRef, Subquery

PART = 500


def count(apps, schema_editor):
    StoredObject = apps.get_model("artifacts", "StoredObject")
    Location = apps.get_model("artifacts", "Location")
    named = Location.objects.filter(stored_object=OuterRef("pk")).order_by()
    number = Subquery(named.values("stored_object").annotate(n=Count("pk")).values("n"))
    wrong = (
        StoredObject.objects.filter(locations__isnull=False)
        .annotate(named=Count("locations"))
        .filter(named__gt=F("references"))
    )
    ids = list(wrong.values_list("pk", flat=True))
    for start in range(0, len(ids), PART):
        rows = StoredObject.objects.filter(pk__in=ids[start : start + PART])
        # What a location names is not to be deleted, though it may have been about to.
        rows.update(references=number, state="stored")


class Migration(migrations.Migration):
    dependencies = [("artifacts", "0009_digest_indexes_of_sqlite")]
    operations = [migrations.RunPython(count, migrations.RunPython.noop)]
