"""Pages as programs: the `sh` blocks of a page run in one shell, in order, in a folder like a clone of the repository.

An `output` block is what the `sh` block before it prints; `…` in it stands for any text within a line. Blocks of other
kinds are for people alone. A page may read nothing from its standard input, and leaves nothing behind: no files, no
processes, no variables of its shell.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support import shell
from tests.support.patience import eventually
from tests.support.service import ROOT

DOCS = ROOT / "docs"
ADDRESS = "http://127.0.0.1:9292"
OWN = "var"
"""The folder in which the service keeps what it has; that is compared by what the service shows."""
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "\x1e"
_VARIABLES = "export -p | sed -nE 's/^declare -x ((VITRINE_|OS_)[A-Z_]+=.*)/\\1/p'\n"
_INPUT = b"what a page may not read\n"


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
    (folder / OWN).mkdir()
    for name in ("manage.py", "Makefile", "README.md", "stores"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def execute(
    page: Path,
    folder: Path,
    words: Mapping[str, str],
    seconds: float = 500,
    leaves: Collection[str] = (),
) -> None:
    """Run the page in `folder`, each of `words` replaced by what stands for it here; AssertionError names the block.

    `leaves` are files and variables that stay or go, since the page is about that.
    """
    where = page.relative_to(ROOT)
    before = _files(folder)
    commands = [one.text for one in blocks(page) if one.kind == "sh"]
    assert commands, f"{where} has nothing to run"
    script = "set -e\n" + "".join(f"{one}printf '{_MARK}'\n" for one in commands) + _VARIABLES
    for word, meant in words.items():
        assert word in script, f"{where} does not speak of {word}"
        script = script.replace(word, meant)
    with tempfile.TemporaryDirectory() as home:
        done = _run(script, folder, Path(home), seconds)
        left = {f"~/{one}" for one in _files(Path(home)) if not one.startswith(".")}  # caches
    variables = _judge(page, done.stdout.split(_MARK), done.stderr)
    usual = {'OS_CLOUD="vitrine"', f'OS_CLIENT_CONFIG_FILE="{folder}/{OWN}/clouds.yaml"'}
    left |= {one.partition("=")[0] for one in variables.splitlines() if one not in usual}
    left |= {*done.left, *(_files(folder) - before)}
    left -= {*leaves}
    assert not left, f"{where} leaves {sorted(left)} behind"
    taken = before - _files(folder) - {*leaves}
    assert not taken, f"{where} takes {sorted(taken)} away"


def _judge(page: Path, printed: list[str], told: str) -> str:
    """Each block printed what the page says; what the shell said behind the last one."""
    steps = [one for one in blocks(page) if one.kind in {"sh", "output"}]
    for number, one in enumerate(one for one in steps if one.kind == "sh"):
        where = f"{page.relative_to(ROOT)}, line {one.line}"
        assert number < len(printed) - 1, f"{where} failed:\n{printed[-1]}\n{told}"
        follower = steps[steps.index(one) + 1 :][:1]
        if follower and follower[0].kind == "output":
            assert alike(follower[0].text, printed[number]), (
                f"{where} printed:\n{printed[number]}instead of:\n{follower[0].text}{told}"
            )
    return printed[-1]


@dataclass(frozen=True, slots=True)
class _Done:
    stdout: str
    stderr: str
    left: Collection[str]


def _run(script: str, folder: Path, home: Path, seconds: float) -> _Done:
    """Run it with an input that is no terminal, and say what it read and left running."""
    with (
        tempfile.TemporaryDirectory() as programs,
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
    ):
        shell.install(Path(programs))
        given.write(_INPUT)
        given.seek(0)
        process = subprocess.Popen(
            ["bash", "-c", script],
            cwd=folder,
            env={
                "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(home),
                "LC_ALL": "C.UTF-8",
            },
            stdin=given,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            err.write(f"(more than {seconds} seconds)")
        left = _running(process.pid)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        eventually(lambda: not _running(process.pid))
        if os.lseek(given.fileno(), 0, os.SEEK_CUR):
            left.append("an input that was read")
        out.seek(0)
        err.seek(0)
        return _Done(out.read(), err.read(), left)


def _running(group: int) -> list[str]:
    """The processes of the group that run."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, theirs = (one / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(theirs) == group and state != "Z":
                found.append((one / "cmdline").read_text().replace("\0", " ").strip())
    return found


def _files(folder: Path) -> set[str]:
    """What lies in the folder; of the service's own folder, what lies directly in it."""
    found = set()
    for place, folders, files in os.walk(folder):
        found |= {str(Path(place, one).relative_to(folder)) for one in (*folders, *files)}
        if Path(place) == folder / OWN:
            folders.clear()
    return found


def alike(expected: str, printed: str) -> bool:
    """Whether a text is what is expected, `…` standing for any text within a line."""
    pattern = "".join("[^\n]*" if one == "…" else re.escape(one) for one in expected)
    return re.fullmatch(pattern, printed) is not None
