"""The tutorial is executed as written, against a service of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.service import ROOT, configured

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = ROOT / "docs" / "tutorial" / "first-image.md"


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_every_block_prints_what_the_page_says(tmp_path: Path) -> None:
    """`sh` blocks run in one shell, in order; an `output` block is what the one before it prints."""
    blocks = FENCE.findall(PAGE.read_text())
    commands = [text for kind, text in blocks if kind == "sh"]
    expected = "".join(text for kind, text in blocks if kind == "output")
    assert len(commands) >= 6
    with configured(tmp_path / "var") as service:
        (tmp_path / "var").mkdir()
        service.start()
        script = "set -e\n" + "".join(commands).replace("http://127.0.0.1:9292", service.url)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={"PATH": path, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.stdout == expected, done.stderr
    assert done.returncode == 0
