"""`GET /v2/images/{id}/events`: who changed what and when. Not Glance's."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.addresses import page_links
from catalog.api.views import json_response
from catalog.pages import filled
from images import history
from images.api.v2 import operators
from images.api.v2.views import ImagesView


class ImageEvents(ImagesView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request, image_id: str) -> HttpResponse:
        query = request.query_params
        marker = operators.integer("marker", query["marker"]) if "marker" in query else None
        entries, more = history.events_of(
            self.actor, image_id, limit=operators.limit(query), marker=marker
        )
        page = filled(entries, _shown)
        last = page.last if more or page.cut else None
        links = page_links(f"/v2/images/{image_id}/events", query, str(last.id) if last else None)
        return json_response({"events": page.shown, **links})


def _shown(entry: history.Entry) -> dict[str, Any]:
    who = {"user_id": entry.user_id, "project_id": entry.project_id}
    return {
        "id": str(entry.id),
        "event": entry.kind,
        "created_at": entry.created_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "actor": who if any(who.values()) else None,
        "request_id": entry.request_id,
        "changes": {path: {"old": old, "new": new} for path, (old, new) in entry.changes.items()},
    }
