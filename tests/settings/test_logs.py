"""What clients send stands in the log as text, and never as a line, a colour or a turn of the writing."""

import json
import logging
import logging.config
import re
import struct
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.inspection import Inspection, UnsafeImage
from settings import logs
from settings.logs import JsonFormatter, TextFormatter, printable
from settings.sections import LogConfig

EVIL = "/a\nWARNING fake: line\r\x1b[31m\x00\x7f\x85\u2028\u202e"
SURROGATE = "\ud800"
FORMATTERS = [TextFormatter("%(levelname)s %(name)s: %(message)s"), JsonFormatter()]


def record(message: str, *arguments: object, error: Exception | None = None) -> logging.LogRecord:
    found = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("vitrine.x", logging.INFO, "", 1, message, arguments, found)


@given(st.text())
def test_every_character_that_is_no_text_is_escaped(text: str) -> None:
    shown = printable(text)
    assert not {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(one) for one in shown}
    assert len(shown.splitlines()) <= 1
    shown.encode()


def test_other_text_stays_as_it_is() -> None:
    assert printable("grün 図 \\ %0a") == "grün 図 \\ %0a"


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_a_record_is_a_line(formatter: logging.Formatter) -> None:
    line = formatter.format(record("%s %s %d", "GET", EVIL, 404))
    assert len(line.splitlines()) == 1
    assert "\\u001b" in line
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", line)
    assert formatter.format(record("%s", SURROGATE)).encode()


def test_what_json_says_is_the_same_text() -> None:
    assert json.loads(JsonFormatter().format(record("%s", EVIL)))["message"] == EVIL


def test_tracebacks_are_indented() -> None:
    try:
        raise ValueError(EVIL)
    except ValueError as error:
        lines = FORMATTERS[0].format(record("failed", error=error)).split("\n")
    assert lines[0] == "INFO vitrine.x: failed"
    assert len(lines) > 3
    assert all(one.startswith("  ") for one in lines[1:])
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(lines))


@pytest.mark.parametrize("command", [True, False])
def test_text_is_written_so(command: bool, tmp_path: Path) -> None:
    config = LogConfig(format="text", file=tmp_path / "log")
    found = logs.configuration(config, command=command)["formatters"]["text"]
    assert found["()"] is TextFormatter
    made = logging.config.DictConfigurator({"version": 1}).configure_formatter(dict(found))
    assert made.format(record("a\nb")) == "INFO vitrine.x: a\\u000ab"


def test_what_inspectors_say_of_hostile_bytes_is_no_line(caplog: pytest.LogCaptureFixture) -> None:
    """The refusal tells the owner, and its line in the access log the operator."""
    backing = struct.pack(">4sIQI", b"QFI\xfb", 2, 512, 9)
    inspection = Inspection("qcow2")
    inspection(backing)
    with caplog.at_level(logging.DEBUG), pytest.raises(UnsafeImage):
        inspection.verdict()
    assert caplog.messages == []
