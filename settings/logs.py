"""Structured logs: one JSON object a line with the request's id; management commands log apart from the service."""

import contextlib
import logging
import os
import re
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import orjson
from typing_extensions import override

from catalog import outage_log, requestids
from catalog.conf import ConfigurationError
from settings.sections import LogConfig

log = logging.getLogger(__name__)

TALKATIVE = {
    "celery": "WARNING",
    "elastic_transport": "ERROR",  # a traceback per attempt; search says in a line that the engine is away
    "kombu": "WARNING",
    "oslo_policy": "WARNING",
    "oslo_policy._parser": "CRITICAL",  # tracebacks; catalog.policy says in a line what it could not read
    "oslo_utils.imageutils": "CRITICAL",  # what inspectors make of hostile bytes; the refusal says what counts
    "uvicorn": "WARNING",
}
"""Other people's loggers, and the least severe level that is worth a line here."""

_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What begins a line, moves the cursor, turns the direction of writing, or cannot be written at all."""
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request_id", "taskName"}


class RequestIdFilter(logging.Filter):
    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = requestids.current.get()
        return True


class FailuresOnly(logging.Filter):
    """Django logs every answer from 400 up; the access log has them already, only tracebacks are news.

    Those of a database that is away are none: a line now and then takes their place.
    """

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if outage_log.of_database(error):
            outage_log.tell_database(log, error)
            return False
        return record.exc_info is not None


def printable(text: str) -> str:
    """The text on one line, with escapes as Python and JSON write them: what clients send is part of many a message."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class TextFormatter(logging.Formatter):
    """A line for each record. Tracebacks follow indented, so that nothing in them passes for a line of its own."""

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        return printable(super().formatMessage(record))

    @override
    def formatException(self, ei: Any) -> str:
        return _indented(super().formatException(ei))

    @override
    def formatStack(self, stack_info: str) -> str:
        return _indented(super().formatStack(stack_info))


def _indented(text: str) -> str:
    return "\n".join(f"  {printable(line)}" for line in text.split("\n"))


class JsonFormatter(logging.Formatter):
    """One object a line: time (UTC), level, logger, message, request_id, and whatever `extra` brought."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        seconds = int(record.created)
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        line: dict[str, Any] = {
            "time": f"{moment}.{int((record.created - seconds) * 1000):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", ""),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _OWN}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = "".join(traceback.format_exception(*record.exc_info))
        try:
            encoded = orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS)
        except (
            orjson.JSONEncodeError
        ):  # text that is no Unicode (lone surrogates), numbers too large
            encoded = orjson.dumps({key: ascii(value) for key, value in line.items()})
        return printable(encoded.decode())  # what JSON leaves as it is, and terminals do not


class Batched(logging.Handler):
    """Writes lines several at a time, a tenth of a second late.

    A write for each request would make the event loop give up the interpreter lock each time, which costs a busy
    process a fifth of its requests. A process that is killed loses the lines of its last tenth of a second.
    """

    def __init__(self, filename: str | None = None) -> None:
        super().__init__()
        self._file = filename
        self._lines: list[str] = []
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._owner = 0

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))
        if self._thread is None or self._owner != os.getpid():  # threads do not survive a fork
            self._owner = os.getpid()
            self._thread = threading.Thread(target=self._repeat, name="access-log", daemon=True)
            self._thread.start()

    @override
    def flush(self) -> None:
        with self._writing:
            self.acquire()
            lines, self._lines = self._lines, []
            self.release()
            if not lines:
                return
            text = "\n".join(lines) + "\n"
            if self._file is None:
                sys.stderr.write(text)
                sys.stderr.flush()
            else:
                with Path(self._file).open("a", encoding="utf-8") as file:
                    file.write(text)

    def _repeat(self) -> None:
        while True:
            time.sleep(0.1)
            with contextlib.suppress(OSError, ValueError):
                self.flush()


def _try(file: Path) -> None:
    try:
        file.open("a").close()
    except OSError as error:
        raise ConfigurationError(
            [f"VITRINE_LOG_FILE: cannot write {file}: {error.strerror}"]
        ) from None


def configuration(config: LogConfig, *, command: bool) -> dict[str, Any]:
    """A dictConfig; commands write plain text to standard error, whatever the service's format is."""
    text = command or config.format == "text"
    handler: dict[str, Any] = {
        "class": "logging.StreamHandler",
        "formatter": "text" if text else "json",
        "filters": ["request_id"],
    }
    if config.file is not None and not command:
        _try(config.file)
        handler |= {"class": "logging.handlers.WatchedFileHandler", "filename": str(config.file)}
    access = handler | {"class": "settings.logs.Batched"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": RequestIdFilter},
            "failures_only": {"()": FailuresOnly},
        },
        "formatters": {
            "text": {"()": TextFormatter, "format": "%(levelname)s %(name)s: %(message)s"},
            "json": {"()": JsonFormatter},
        },
        "handlers": {"default": handler, "access": access},
        "root": {"level": config.level, "handlers": ["default"]},
        "loggers": {
            "vitrine.access": {"handlers": ["access"], "propagate": False},
            "django": {"handlers": []},
            "django.request": {"filters": ["failures_only"]},
            "django.server": {"handlers": [], "propagate": True},
            **{name: {"level": level} for name, level in TALKATIVE.items()},
        },
    }
