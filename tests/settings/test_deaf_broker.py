"""A broker whose machine hangs: connections are taken, and nothing is ever answered."""

import os
import subprocess
import sys
from pathlib import Path
from socket import create_server

import pytest

ROOT = Path(__file__).parents[2]
HINT = """
import django
django.setup()
from settings import celery
from catalog.tasks import hint
hint("a-job")
hint("another")
"""


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_hint_to_a_deaf_broker_is_given_up(tmp_path: Path, scheme: str) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("VITRINE_")}
    with create_server(("127.0.0.1", 0)) as deaf:
        done = subprocess.run(
            [sys.executable, "-c", HINT],
            cwd=ROOT,
            env=environ
            | {
                "DJANGO_SETTINGS_MODULE": "settings.base",
                "VITRINE_DATA_DIR": str(tmp_path),
                "VITRINE_BROKER_URL": f"{scheme}://user:secret@127.0.0.1:{deaf.getsockname()[1]}/0",
                "VITRINE_LOG_FORMAT": "text",
            },
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the reconciler will bring the job") == 2
    assert "secret" not in done.stderr
