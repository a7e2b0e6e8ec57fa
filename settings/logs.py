"""Structured logs: one JSON object a line with the request's id; management commands log apart from the service."""

import logging
import logging.config
from typing import Any

from typing_extensions import override

from catalog import requestids
from settings.sections import LogConfig

TALKATIVE = ("celery", "elastic_transport", "kombu", "oslo_policy", "uvicorn")


class RequestIdFilter(logging.Filter):
    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = requestids.current.get()
        return True


def configuration(config: LogConfig, *, command: bool) -> dict[str, Any]:
    """A dictConfig; commands write plain text to standard error, whatever the service's format is."""
    text = command or config.format == "text"
    handler: dict[str, Any] = {
        "class": "logging.StreamHandler",
        "formatter": "text" if text else "json",
        "filters": ["request_id"],
    }
    if config.file is not None and not command:
        handler |= {"class": "logging.handlers.WatchedFileHandler", "filename": str(config.file)}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": RequestIdFilter}},
        "formatters": {
            "text": {"format": "%(levelname)s %(name)s: %(message)s"},
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s",
                "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
            },
        },
        "handlers": {"default": handler},
        "root": {"level": config.level, "handlers": ["default"]},
        "loggers": {
            "django": {"handlers": [], "level": "INFO"},
            "django.server": {"handlers": [], "propagate": True},
            **{name: {"level": "WARNING"} for name in TALKATIVE},
        },
    }
