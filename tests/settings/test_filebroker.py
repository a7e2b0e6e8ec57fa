"""The broker of one machine: messages pass, and waiting for one never takes long."""

from pathlib import Path

import pytest
from kombu import Connection

from settings import filebroker


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    filebroker.register()
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    options = {
        "data_folder_in": str(tmp_path / "queue"),
        "data_folder_out": str(tmp_path / "queue"),
        "control_folder": str(tmp_path / "control"),
    }
    return Connection(f"{filebroker.SCHEME}://localhost", transport_options=options)


@pytest.mark.timeout(60)
def test_a_message_passes_and_a_long_wait_is_cut(connection: Connection) -> None:
    with connection, connection.SimpleQueue("work") as queue:
        queue.put({"id": 1})
        assert queue.get(timeout=30).payload == {"id": 1}
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=1_000_000)
