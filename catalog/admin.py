"""Operators' view of what happened (events), who must still hear of it (deliveries), and work under way (jobs)."""

import json
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from typing_extensions import override

from catalog.administration import RowAdmin, begins_with, distinct, preformatted
from catalog.api.sessions import staff_actor_of
from catalog.clock import now
from catalog.events import parking
from catalog.indexing.documents import sources
from catalog.jobs import repeating
from catalog.jobs.lifecycle import JOB
from catalog.models import Delivery, Event, Job, Notice

if admin.site.is_registered(Group):
    admin.site.unregister(
        Group
    )  # rights are roles on projects; groups would promise what they do not keep
admin.site.site_header = "Vitrine"
admin.site.site_title = "Vitrine"
admin.site.index_title = _("Operation")
admin.site.site_url = "/"


class ObjectTypeFilter(admin.SimpleListFilter):
    title = _("object type")
    parameter_name = "object_type"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in distinct(Event, "object_type")]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(object_type=self.value()) if self.value() else queryset


class SinceFilter(admin.SimpleListFilter):
    title = _("time")
    parameter_name = "since"
    HOURS = {"hour": 1, "day": 24, "week": 168}

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("hour", _("Past hour")), ("day", _("Past day")), ("week", _("Past week"))]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        hours = self.HOURS.get(self.value() or "")
        if hours is None:
            return queryset
        return queryset.filter(created_at__gte=now() - timedelta(hours=hours))


@admin.register(Event)
class EventAdmin(RowAdmin[Event]):
    """The audit trail; nobody changes it."""

    list_display = ("created_at", "kind", "object_type", "object_id", "actor_user_id", "request_id")
    list_filter = (SinceFilter, ObjectTypeFilter)
    search_help_text = _("Beginning of the object's id")
    fields = (
        "created_at", "kind", "object_type", "object_id", "project_id",
        "actor_user_id", "actor_project_id", "request_id", "what_changed",
    )  # fmt: skip

    @override
    def found_by(self, term: str) -> Q:
        types = distinct(Event, "object_type")
        return Q(object_type__in=types) & begins_with("object_id", term)

    @admin.display(description=_("changes (old, new)"))
    def what_changed(self, row: Event) -> SafeString:
        return preformatted(json.dumps(row.changes, indent=2, ensure_ascii=False))


@admin.register(Delivery)
class DeliveryAdmin(RowAdmin[Delivery]):
    """Debts to the search index and to others; parked ones failed too often and wait for a person."""

    list_display = (
        "topic", "object_id", "project_id", "consumer", "parked", "attempts", "due_at", "shortened",
    )  # fmt: skip
    list_filter = ("parked",)
    search_help_text = _("Beginning of the object's id")
    actions = ("retry",)

    @override
    def found_by(self, term: str) -> Q:
        owed = Q(consumer__in=distinct(Delivery, "consumer"), topic__in=list(sources()))
        return owed & begins_with("object_id", term)

    @admin.display(description=_("error"))
    def shortened(self, row: Delivery) -> str:
        return row.error[:200]

    @admin.action(permissions=["operate"], description=_("Retry the parked ones"))
    def retry(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = parking.retry(ids, actor=staff_actor_of(request))
        said = ngettext("%(count)d is due again.", "%(count)d are due again.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)


@admin.register(Notice)
class NoticeAdmin(RowAdmin[Notice]):
    """Notifications that wait to be published; each is gone once the broker has it."""

    list_display = ("created_at", "event_type", "priority", "object_type", "object_id")
    search_help_text = _("Beginning of the object's id")
    fields = (
        "created_at", "event_type", "priority", "object_type", "object_id", "message_id", "shown_payload",
    )  # fmt: skip

    @override
    def found_by(self, term: str) -> Q:
        types = distinct(Notice, "object_type")
        return Q(object_type__in=types) & begins_with("object_id", term)

    @admin.display(description=_("payload"))
    def shown_payload(self, row: Notice) -> SafeString:
        return preformatted(json.dumps(row.payload, indent=2, ensure_ascii=False))


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state) for state in sorted(JOB.states)]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(state=self.value()) if self.value() else queryset


@admin.register(Job)
class JobAdmin(RowAdmin[Job]):
    list_display = ("kind", "id", "state", "percent", "attempts", "error_code", "created_at")
    list_filter = (StateFilter,)
    ordering = ("-created_at", "-id")
    actions = ("run_again",)

    @admin.display(description=_("progress"))
    def percent(self, row: Job) -> str:
        return f"{row.progress:.0%}"

    @admin.action(permissions=["operate"], description=_("Run failed jobs again"))
    def run_again(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        actor = staff_actor_of(request)
        ids = list(queryset.values_list("pk", flat=True))
        done = self.each(request, ids, lambda pk: repeating.run_again(pk, actor=actor))
        if done:
            said = ngettext("%(count)d job is queued.", "%(count)d jobs are queued.", len(done))
            self.message_user(request, said % {"count": len(done)}, messages.SUCCESS)
