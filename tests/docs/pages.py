"""Pages as programs: the `sh` blocks of a page run in one shell, in order, in a folder like a clone of the repository.

An `output` block is what the `sh` block before it prints; `…` in it stands for any text within a line. Blocks of other
kinds are for people alone.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.service import ROOT

DOCS = ROOT / "docs"
ADDRESS = "http://127.0.0.1:9292"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "\x1e"
_BEGIN = "set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its kind, its text, and the line on which the text begins."""

    kind: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(one[1], one[2], text.count("\n", 0, one.start(2)) + 1)
        for one in _FENCE.finditer(text)
    ]


def workplace(folder: Path) -> Path:
    """A folder in which the commands of pages work as in a clone: code and environment are linked, `var/` is its own."""
    (folder / "var").mkdir()
    for name in ("manage.py", "Makefile", "stores"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def execute(page: Path, folder: Path, words: Mapping[str, str], seconds: float = 500) -> None:
    """Run the page in `folder`, each of `words` replaced by what stands for it here; AssertionError names the block."""
    steps = [one for one in blocks(page) if one.kind in {"sh", "output"}]
    commands = [one for one in steps if one.kind == "sh"]
    assert commands, f"{page} has nothing to run"
    script = _BEGIN + "".join(f"{one.text}printf '{_MARK}'\n" for one in commands)
    for word, meant in words.items():
        assert word in script, f"{page} does not speak of {word}"
        script = script.replace(word, meant)
    done = _typed(script, folder, seconds)
    printed = done.stdout.split(_MARK)
    for number, one in enumerate(commands):
        where = f"{page.relative_to(ROOT)}, line {one.line}"
        assert number < len(printed) - 1, f"{where} failed:\n{printed[-1]}\n{done.stderr}"
        follower = steps[steps.index(one) + 1 :][:1]
        if follower and follower[0].kind == "output":
            assert alike(follower[0].text, printed[number]), (
                f"{where} printed:\n{printed[number]}instead of:\n{follower[0].text}{done.stderr}"
            )
    assert done.returncode == 0, done.stderr


def _typed(script: str, folder: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run it as if typed into a terminal: clients that find no terminal take their input for data."""
    ours, theirs = os.openpty()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
    }
    shell = subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = shell.communicate(timeout=seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
        os.close(ours)
        os.close(theirs)
    return subprocess.CompletedProcess(shell.args, shell.returncode, out, err)


def alike(expected: str, printed: str) -> bool:
    """Whether a text is what is expected, `…` standing for any text within a line."""
    pattern = "".join("[^\n]*" if one == "…" else re.escape(one) for one in expected)
    return re.fullmatch(pattern, printed) is not None
