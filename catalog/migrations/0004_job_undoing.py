from typing import Any

from django.db import migrations, models
from django.db.models import Q

BEGUN = Q(state__in=["running", "failing"]) | Q(state="queued", attempts__gt=0)


def part(apps: Any, _: Any) -> None:
    """Of jobs of one key that run side by side the first keeps it."""
    rows = apps.get_model("catalog", "Job").objects.filter(BEGUN, key__isnull=False)
    seen: set[tuple[str, str]] = set()
    for pk, kind, key in rows.order_by("created_at", "id").values_list("id", "kind", "key"):
        if (kind, key) in seen:
            rows.filter(pk=pk).update(key=None)
        seen.add((kind, key))


def join(apps: Any, _: Any) -> None:
    """As before: failing jobs are run on, those that wait for another attempt have no key."""
    jobs = apps.get_model("catalog", "Job").objects
    jobs.filter(state="failing", lease_until=None).update(lease_until=models.F("run_after"))
    jobs.filter(state="failing").update(state="running")
    jobs.filter(state="queued", attempts__gt=0).update(key=None)


class Migration(migrations.Migration):
    """Jobs that are failing, and keys that are kept from attempt to attempt."""

    dependencies = [("catalog", "0003_delivery_project")]

    operations = [
        migrations.RunPython(part, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="job", name="job_open_key"),
        migrations.RunPython(migrations.RunPython.noop, join),
        migrations.RemoveIndex(model_name="job", name="job_open"),
        migrations.AddField(
            model_name="job",
            name="undo_attempts",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=Q(state__in=["queued", "running", "failing"]),
                fields=["run_after", "id"],
                name="job_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=Q(state="queued", attempts=0, key__isnull=False),
                fields=("kind", "key"),
                name="job_waiting_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=Q(key__isnull=False) & BEGUN,
                fields=("kind", "key"),
                name="job_begun_key",
            ),
        ),
    ]
