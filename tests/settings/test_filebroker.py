"""The broker of one machine: messages pass, and waiting for one never takes long."""

import threading
from contextlib import suppress
from pathlib import Path
from queue import Empty

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


@pytest.mark.timeout(60)
def test_nobody_gets_half_a_message(connection: Connection) -> None:
    """A reader looks while messages are being written."""
    wanted, found = set(range(300)), set()

    def write(own: Connection) -> None:
        with own, own.SimpleQueue("written") as queue:
            for number in wanted:
                queue.put({"id": number})

    with connection, connection.SimpleQueue("written") as queue:
        writer = threading.Thread(target=write, args=(connection.clone(),))
        writer.start()
        while found < wanted:
            with suppress(Empty):
                found.add(queue.get(timeout=30).payload["id"])
        writer.join()
    assert found == wanted


@pytest.mark.timeout(60)
def test_what_is_no_message_is_passed_over(connection: Connection, tmp_path: Path) -> None:
    """As a full disk may leave it."""
    with connection, connection.SimpleQueue("mixed") as queue:
        for name, content in (("0_a", b""), ("0_b", b'{"body": "x'), ("0_c", b"[]")):
            (tmp_path / "queue" / f"{name}.mixed.msg").write_bytes(content)
        queue.put({"id": 1})
        assert queue.get(timeout=30).payload == {"id": 1}
        assert list((tmp_path / "queue").iterdir()) == []
