"""What is told of an Elasticsearch that answers and does not serve."""

import json
import logging
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from catalog import outage_log
from search.engines.elasticsearch.client import connect, told
from search.errors import EngineUnavailable
from tests.support.loopback import Loopback, running

NODE = "[node-3][10.0.0.7:9300][indices:data/read/search]"


def refusing(error: Any) -> Loopback:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"error": error, "status": 503}).encode()
            self.send_response(503)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Loopback(Handler)


@pytest.mark.parametrize(
    ("cause", "logged"),
    [
        ({"type": "node_disconnected_exception", "reason": NODE}, NODE),
        ({"type": "no_shard_available_action_exception", "reason": None}, "no_shard_available"),
    ],
)
def test_inner_reasons_are_for_the_log(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    cause: dict[str, Any],
    logged: str,
) -> None:
    monkeypatch.setattr(
        outage_log, "tell", outage_log.Outages().tell
    )  # nothing was told a moment ago
    error = {"root_cause": [cause], **cause}
    with running(refusing(error)) as server, caplog.at_level(logging.WARNING):
        address = f"http://127.0.0.1:{server.port}"
        client = connect([address], timeout=60, ca_certs=None, waiters=2, away_seconds=0)
        with pytest.raises(EngineUnavailable) as raised, told(query=True):
            client.info()
        client.close()
    assert raised.value.message == "Elasticsearch cannot serve this now (503)"
    assert any(logged in str(getattr(line, "reason", "")) for line in caplog.records)
