"""Progress for people, on standard error: standard output is for what a program would read."""

import sys
from pathlib import Path

# Begins the line that a log gets at each start; what precedes the last one is an older story.
START = "=== services:"


def say(subject: str, message: str) -> None:
    """One line about one server or tool; written at once, since servers start side by side."""
    sys.stderr.write(f"services: {subject}: {message}\n")
    sys.stderr.flush()


def show_end(subject: str, log: Path, lines: int = 30) -> None:
    """The last lines that the latest start left in a log, if there is one."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        return
    tail = text.rpartition(START)[2].splitlines()[-lines:]
    body = "\n".join(f"    {line}" for line in tail)
    say(subject, f"end of {log}:\n{body}")
