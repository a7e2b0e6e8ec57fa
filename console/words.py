"""Names and values of the catalog in words for people; what has no word is shown as it is."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from catalog.clock import now
from console.asking import PROPERTY, SWITCHES

FIELDS: dict[str, Promise] = {
    "resource_type": gettext_lazy("Type"),
    "status": gettext_lazy("Status"),
    "visibility": gettext_lazy("Visibility"),
    "tags": gettext_lazy("Tags"),
    "disk_format": gettext_lazy("Disk format"),
    "container_format": gettext_lazy("Container format"),
    "valid": gettext_lazy("Metadata rules"),
    "id": gettext_lazy("ID"),
    "name": gettext_lazy("Name"),
    "version": gettext_lazy("Version"),
    "description": gettext_lazy("Description"),
    "owner": gettext_lazy("Owner"),
    "project_id": gettext_lazy("Project"),
    "size": gettext_lazy("Size"),
    "virtual_size": gettext_lazy("Virtual size"),
    "min_disk": gettext_lazy("Minimum disk"),
    "min_ram": gettext_lazy("Minimum memory"),
    "protected": gettext_lazy("Protected"),
    "os_hidden": gettext_lazy("Hidden"),
    "community": gettext_lazy("Community of others"),
    "all_projects": gettext_lazy("All projects"),
    "checksum": gettext_lazy("MD5"),
    "os_hash_value": gettext_lazy("SHA-512"),
    "created_at": gettext_lazy("Created"),
    "updated_at": gettext_lazy("Updated"),
}
STATUSES: dict[str, Promise] = {
    "active": gettext_lazy("Active"),
    "queued": gettext_lazy("Waiting for data"),
    "drafted": gettext_lazy("Draft"),
    "saving": gettext_lazy("Receiving data"),
    "uploading": gettext_lazy("Receiving data"),
    "importing": gettext_lazy("Importing"),
    "deactivated": gettext_lazy("Deactivated"),
    "killed": gettext_lazy("Failed"),
    "pending_delete": gettext_lazy("Being deleted"),
}
VISIBILITIES: dict[str, Promise] = {
    "public": gettext_lazy("Public"),
    "private": gettext_lazy("Private"),
    "shared": gettext_lazy("Shared"),
    "community": gettext_lazy("Community"),
}

UNITS = {"min_disk": "GiB", "min_ram": "MiB"}
KIB = 1024
BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
"""Each 1024 of the one before."""
ANSWERS: dict[str, Promise] = {
    "pending": gettext_lazy("has not answered"),
    "accepted": gettext_lazy("accepted"),
    "rejected": gettext_lazy("rejected"),
}


def answer(status: str) -> str:
    """What a project said to an asset that is shared with it."""
    return str(ANSWERS.get(status, status))


def kind(resource_type: str) -> str:
    """`OS::Glare::HeatTemplate` → Heat template."""
    last = resource_type.rpartition(":")[2] or resource_type
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", last).capitalize()


def label(name: str) -> str:
    """A field's name; a property's is its key."""
    if name.startswith(PROPERTY):
        return name[len(PROPERTY) :]
    return str(FIELDS.get(name) or name.replace("_", " ").capitalize())


def value(name: str, given: str) -> str:
    """A filter's value."""
    if name == "resource_type":
        return kind(given)
    if name in SWITCHES:
        return _("alone") if (name, given) == ("os_hidden", "true") else _("too")
    if name == "valid":
        return _("Keeps every rule") if given == "true" else _("Breaks a rule")
    words = {"status": STATUSES, "visibility": VISIBILITIES}.get(name, {})
    return str(words.get(given, given))


def shown(name: str, given: Any) -> str:
    """A field's value on the asset's page."""
    if isinstance(given, bool):
        return pgettext("it is so", "Yes") if given else pgettext("it is not so", "No")
    if name in {"size", "virtual_size"}:
        return f"{size(given)} ({given:,} B)" if given >= KIB else size(given)
    if name in UNITS:
        return f"{given} {UNITS[name]}" if given else pgettext("any amount will do", "Any")
    if isinstance(given, datetime):
        return given.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(given, list):
        return ", ".join(map(str, given))
    return value(name, str(given))


def ago(moment: datetime | None) -> str:
    """How long ago, in its largest unit; empty for no moment at all."""
    if moment is None:
        return ""
    if now() - moment < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(moment, depth=1)}


def size(given: int | None) -> str:
    """A number of bytes in its largest unit; empty for none."""
    if given is None:
        return ""
    power = next(
        (one for one in range(len(BYTES) - 1) if round(given / KIB**one, 1) < KIB), len(BYTES) - 1
    )
    return f"{number_format(round(given / KIB**power, 1), 1 if power else 0)} {BYTES[power]}"


EVENTS: dict[str, Promise] = {
    "create": gettext_lazy("Created"),
    "update": gettext_lazy("Changed"),
    "delete": gettext_lazy("Deleted"),
    "restore": gettext_lazy("Restored"),
    "purge": gettext_lazy("Deleted for good"),
    "prepare": gettext_lazy("Upload began"),
    "upload": gettext_lazy("Data received"),
    "upload_failed": gettext_lazy("Upload failed"),
    "activate": gettext_lazy("Activated"),
    "deactivate": gettext_lazy("Deactivated"),
    "reactivate": gettext_lazy("Reactivated"),
    "member.create": gettext_lazy("Shared"),
    "member.update": gettext_lazy("Sharing answered"),
    "member.delete": gettext_lazy("Sharing ended"),
}


def event(kind_of_event: str) -> str:
    """`image.member.create` → Shared; an event without a word is shown by its name."""
    return str(EVENTS.get(kind_of_event.partition(".")[2]) or kind_of_event)
