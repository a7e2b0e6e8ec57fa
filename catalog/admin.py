"""Operators' view of what happened (events), who must still hear of it (deliveries), and work under way (jobs)."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from typing_extensions import override

from catalog import adminlinks, parking
from catalog.administration import RowAdmin, as_json, begins_with, distinct
from catalog.api.sessions import staff_actor_of
from catalog.clock import now
from catalog.indexing.documents import sources
from catalog.jobs import repeating
from catalog.jobs.lifecycle import JOB
from catalog.jobs.registry import kinds
from catalog.models import Delivery, Event, Job, Notice

if admin.site.is_registered(Group):
    admin.site.unregister(
        Group
    )  # rights are roles on projects; groups would promise what they do not keep


class ObjectTypeFilter(admin.SimpleListFilter):
    title = _("object type")
    parameter_name = "object_type"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in distinct(Event, "object_type")]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(object_type=self.value()) if self.value() else queryset


class ObjectFilter(admin.SimpleListFilter):
    """One object, together with its type: there are too many to offer any, so it is there once it is chosen."""

    title = _("object")
    parameter_name = "object_id"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value)] if (value := self.value()) else []

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        if not value:
            return queryset
        if "\x00" in value:
            return queryset.none()
        types = distinct(Event, "object_type")
        return queryset.filter(object_type__in=types, object_id=value)


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

    list_display = ("created_at", "kind", "object_type", "of", "actor", "request_id")
    list_filter = (SinceFilter, ObjectTypeFilter, ObjectFilter)
    search_help_text = _("Beginning of the object's id")
    fields = (
        "created_at", "kind", "object_type", "of", "all_of_it", "project",
        "actor", "actor_project", "request_id", "what_changed",
    )  # fmt: skip

    @admin.display(description=_("object"))
    def of(self, row: Event) -> SafeString | str:
        return adminlinks.linked(row.object_type, row.object_id)

    @admin.display(description=_("all of the object"))
    def all_of_it(self, row: Event) -> SafeString:
        address = adminlinks.events_of(row.object_type, row.object_id)
        return format_html('<a href="{}">{}</a>', address, _("Its events"))

    @admin.display(description=_("actor"))
    def actor(self, row: Event) -> SafeString | str:
        return adminlinks.linked("user", row.actor_user_id)

    @admin.display(description=_("actor's project"))
    def actor_project(self, row: Event) -> SafeString | str:
        return adminlinks.linked("project", row.actor_project_id)

    @admin.display(description=_("project"))
    def project(self, row: Event) -> SafeString | str:
        return adminlinks.linked("project", row.project_id)

    @override
    def found_by(self, term: str) -> Q:
        types = distinct(Event, "object_type")
        return Q(object_type__in=types) & begins_with("object_id", term)

    @admin.display(description=_("changes (old, new)"))
    def what_changed(self, row: Event) -> SafeString:
        return as_json(row.changes)


class ConsumerFilter(admin.SimpleListFilter):
    title = _("consumer")
    parameter_name = "consumer"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in distinct(Delivery, "consumer")]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        value = self.value()
        return queryset.filter(consumer=value) if value else queryset


@admin.register(Delivery)
class DeliveryAdmin(RowAdmin[Delivery]):
    """Deliveries to the search index and to others; parked ones failed too often and wait for a person."""

    object_type = "delivery"
    list_display = ("topic", "of", "consumer", "state", "attempts", "due_at", "shortened")
    list_filter = ("parked", ConsumerFilter)
    fields = (
        "topic", "of", "project", "consumer", "state", "attempts", "error", "due_at", "created_at",
        "generation", "lease_owner", "lease_until",
    )  # fmt: skip
    search_help_text = _("Beginning of the object's id")
    actions = ("retry",)

    @override
    def found_by(self, term: str) -> Q:
        outstanding = Q(consumer__in=distinct(Delivery, "consumer"), topic__in=list(sources()))
        return outstanding & begins_with("object_id", term)

    @admin.display(description=_("object"))
    def of(self, row: Delivery) -> SafeString | str:
        return adminlinks.linked(row.topic, row.object_id)

    @admin.display(description=_("project"))
    def project(self, row: Delivery) -> SafeString | str:
        return adminlinks.linked("project", row.project_id)

    @admin.display(description=_("state"))
    def state(self, row: Delivery) -> Any:
        return _("parked") if row.parked else _("outstanding")

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

    list_display = ("created_at", "event_type", "priority", "object_type", "of")
    search_help_text = _("Beginning of the object's id")
    fields = (
        "created_at", "event_type", "priority", "object_type", "of", "message_id", "shown_payload",
    )  # fmt: skip

    @admin.display(description=_("object"))
    def of(self, row: Notice) -> SafeString | str:
        return adminlinks.linked(row.object_type, row.object_id)

    @override
    def found_by(self, term: str) -> Q:
        types = distinct(Notice, "object_type")
        return Q(object_type__in=types) & begins_with("object_id", term)

    @admin.display(description=_("payload"))
    def shown_payload(self, row: Notice) -> SafeString:
        return as_json(row.payload)


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
    object_type = "job"
    list_display = ("kind", "of", "state", "percent", "attempts", "error_code", "created_at")
    list_filter = (StateFilter,)
    ordering = ("-created_at", "-id")
    actions = ("run_again",)
    fields = (
        "kind", "of", "id", "state", "percent", "error_code", "error", "attempts", "max_attempts",
        "undo_attempts", "key", "shown_input", "shown_result", "shown_steps", "actor", "actor_project",
        "request_id", "run_after", "created_at", "updated_at", "finished_at", "lease_owner", "lease_until",
    )  # fmt: skip

    @admin.display(description=_("for"))
    def of(self, row: Job) -> SafeString | str:
        """What the job is for: the object, or what its kind says otherwise."""
        kind = kinds().get(row.kind)
        found = kind.concerns(row) if kind is not None else None
        return row.key or "" if found is None else adminlinks.linked(*found)

    @admin.display(description=_("actor"))
    def actor(self, row: Job) -> SafeString | str:
        return adminlinks.linked("user", row.actor_user_id)

    @admin.display(description=_("actor's project"))
    def actor_project(self, row: Job) -> SafeString | str:
        return adminlinks.linked("project", row.actor_project_id)

    @admin.display(description=_("input"))
    def shown_input(self, row: Job) -> SafeString:
        return as_json(row.input)

    @admin.display(description=_("result"))
    def shown_result(self, row: Job) -> SafeString:
        return as_json(row.result)

    @admin.display(description=_("steps done"))
    def shown_steps(self, row: Job) -> str:
        return ", ".join(map(str, row.steps_done))

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
