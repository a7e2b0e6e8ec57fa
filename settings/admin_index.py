"""The admin's front page: how the parts are, what is outstanding, which jobs failed, and where to act on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Count, Min
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from typing_extensions import override

from catalog.administration import COUNTED, distinct
from catalog.clock import database_time
from catalog.jobs.lifecycle import FAILED, OPEN
from catalog.models import Delivery, Job
from settings import health

Text = str | Promise
LATE = 60.0
"""Seconds after which a delivery is late: the relay takes less than one, and repeats what failed a few times."""
STATES = {
    health.State.OK: gettext_lazy("All parts are well."),
    health.State.DEGRADED: gettext_lazy("A part is away; what does not need it goes on."),
    health.State.FAILING: gettext_lazy("A part is away without which nothing goes on."),
}
EFFECTS = {
    "database": gettext_lazy("Nothing can be read or written without it."),
    "search": gettext_lazy(
        "Searches are refused; changes wait for the index and follow. `manage.py verify_index` says what is wrong."
    ),
    "store": gettext_lazy("No data can be sent or taken; its disk or server is to be looked at."),
    "broker": gettext_lazy("Jobs begin later, and notifications wait."),
    "identity": gettext_lazy("Nobody can sign in, and no new token can be checked."),
}
ANOTHER_STORE = gettext_lazy("Data that lies there can be neither read nor written.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """What something is like; `deed` is what can be done about it at `address`."""

    name: Text
    said: Text
    well: bool = True
    deed: Text = ""
    address: str = ""


def parts(found: dict[str, health.Health]) -> Iterator[StatusRow]:
    """The parts behind the service, in the words of `/healthz/ready`."""
    for name, part in found.items():
        if part.ok:
            said = _("answered within %(ms).0f ms") % {"ms": part.seconds * 1000}
            yield StatusRow(name=name, said=said)
        else:
            effect = EFFECTS.get(name, ANOTHER_STORE)
            yield StatusRow(name=name, said=f"{part.reason}. {effect}", well=False)


def deliveries(moment: datetime) -> Iterator[StatusRow]:
    """The outstanding deliveries of each consumer of changes, and what was set aside for a person."""
    consumers = distinct(Delivery, "consumer")
    for name in dict.fromkeys(["search", *consumers]):
        rows = Delivery.objects.filter(consumer=name, parked=False)
        outstanding = rows.order_by("project_id", "due_at", "id")[: COUNTED + 1]
        found = outstanding.aggregate(count=Count("pk"), oldest=Min("created_at"))
        yield _lag(name, found["count"], found["oldest"], moment)
    parked = Delivery.objects.filter(parked=True).order_by("id")[: COUNTED + 1].count()
    yield StatusRow(
        name=_("parked"),
        said=_("%(count)s failed too often and wait for you") % {"count": _number(parked)}
        if parked
        else _("none"),
        well=not parked,
        deed=_("See the errors and retry") if parked else "",
        address=_list("delivery", parked__exact=1) if parked else "",
    )


def _lag(name: str, count: int, oldest: datetime | None, moment: datetime) -> StatusRow:
    if oldest is None:
        return StatusRow(name=name, said=_("nothing is outstanding"))
    seconds = max(0.0, (moment - oldest).total_seconds())
    said = (
        _("%(count)s outstanding, the oldest for %(seconds).0f s")
        if count <= COUNTED
        else _("%(count)s outstanding, the oldest for at least %(seconds).0f s")
    )
    return StatusRow(
        name=name,
        said=said % {"count": _number(count), "seconds": seconds},
        well=seconds < LATE,
        deed=_("See what is outstanding"),
        address=_list("delivery", consumer=name, parked__exact=0),
    )


def jobs() -> Iterator[StatusRow]:
    """Jobs that failed, and those that are not finished."""
    for state in (FAILED, *OPEN):
        count = Job.objects.filter(state=state).order_by()[: COUNTED + 1].count()
        bad = state == FAILED and count > 0
        yield StatusRow(
            name=state,
            said=_number(count) if count else _("none"),
            well=not bad,
            deed="" if not count else _("See why and run again") if bad else _("See them"),
            address=_list("job", state=state) if count else "",
        )


def _number(count: int) -> str:
    if count > COUNTED:
        return _("more than %(count)s") % {"count": f"{COUNTED:,}"}
    return f"{count:,}"


def _list(model: str, **parameters: str | int) -> str:
    return f"{reverse(f'admin:catalog_{model}_changelist')}?{urlencode(parameters)}"


class OperationSite(AdminSite):
    """The admin of this service."""

    site_header = "Vitrine"
    site_title = "Vitrine"
    index_title = gettext_lazy("Operation")
    site_url = "/"
    index_template = "admin/operation.html"
    login_template = "admin/sign_in.html"

    @override
    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        found = health.probe()
        sections = [
            (_("Health"), STATES[health.state(found)], list(parts(found))),
            (_("Deliveries to the index and to others"), "", list(deliveries(database_time()))),
            (_("Jobs"), "", list(jobs())),
        ]
        return super().index(request, {"sections": sections, **(extra_context or {})})
