"""A notice as oslo.messaging puts it on the wire: envelope 2.0 around a JSON text."""

import json
import uuid
from datetime import UTC
from typing import Any

from catalog.models import Notice


def message(notice: Notice, publisher_id: str) -> dict[str, Any]:
    """What listeners are given."""
    context = {f"_context_{name}": value for name, value in notice.context.items()}
    return {
        "message_id": notice.message_id,
        "publisher_id": publisher_id,
        "event_type": notice.event_type,
        "priority": notice.priority,
        "payload": notice.payload,
        "timestamp": notice.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        "_unique_id": uuid.uuid4().hex,
        **context,
    }


def sealed(told: dict[str, Any]) -> dict[str, str]:
    return {"oslo.version": "2.0", "oslo.message": json.dumps(told)}
