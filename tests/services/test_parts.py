"""The parts of `scripts/services` that need no server."""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest
from testservers import folders, java, ports, report
from testservers.cli import SERVICES
from testservers.errors import ServiceError
from testservers.processes import Process
from testservers.tools import TOOLS


def jdk(home: Path, version: str, *programs: str) -> Path:
    (home / "bin").mkdir(parents=True)
    for program in programs:
        (home / "bin" / program).touch()
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


def test_another_process_with_the_same_pid_is_not_taken_for_the_server() -> None:
    mine = Process.find(os.getpid())
    assert mine is not None
    assert mine.alive()
    assert not Process(mine.pid, mine.started - 1).alive()


def test_killing_takes_the_descendants_along() -> None:
    with subprocess.Popen(
        ["sh", "-c", "sleep 100 & echo $!; wait"], stdout=subprocess.PIPE, text=True
    ) as shell:
        assert shell.stdout is not None
        child = Process.find(int(shell.stdout.readline()))
        parent = Process.find(shell.pid)
        assert child is not None
        assert parent is not None
        parent.kill_tree()
        assert not child.alive()
        assert not parent.alive()


def test_ports_are_distinct_free_and_never_a_clients() -> None:
    chosen = ports.choose(20)
    assert len(set(chosen)) == 20
    assert all(map(ports.is_free, chosen))
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert lowest <= 12000 or max(chosen) < lowest


def test_a_lock_on_a_removed_file_does_not_count(tmp_path: Path) -> None:
    lock, about_to, seen = tmp_path / "lock", threading.Event(), []

    def wait_for_it() -> None:
        about_to.set()
        with folders.locked(lock):
            seen.append(lock.exists())

    second = threading.Thread(target=wait_for_it)
    with folders.locked(lock):
        second.start()
        about_to.wait()
        time.sleep(0.1)  # most likely it waits for the lock by now; the outcome is the same if not
        lock.unlink()
    second.join()
    assert seen == [True]


def test_the_oldest_jdk_that_will_do_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jdk(tmp_path / "a", "25.0.3", "java", "jlink")
    expected = jdk(tmp_path / "b", "17.0.15", "java", "jlink")
    jdk(tmp_path / "runtime-only", "17.0.15", "java")
    monkeypatch.setattr(java, "HOMES", tmp_path)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("VITRINE_JAVA_HOME", raising=False)
    assert java.find(17) == expected
    assert java.find(21) == tmp_path / "a"
    assert java.find(26) is None


def test_a_chosen_jdk_that_will_not_do_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITRINE_JAVA_HOME", str(jdk(tmp_path / "a", "11.0.1", "java", "jlink")))
    with pytest.raises(ServiceError, match="not a full JDK 17"):
        java.find(17)


def test_only_the_latest_start_of_a_log_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    log.write_text(f"{report.START} one\nold\n{report.START} two\nnew\n")
    report.show_end("redis", log)
    shown = capsys.readouterr().err
    assert "new" in shown
    assert "old" not in shown


def test_no_two_names_share_a_variable() -> None:
    variables = [part.variable for part in (*SERVICES.values(), *TOOLS.values())]
    assert len(set(variables)) == len(variables)
    assert not set(SERVICES) & set(TOOLS)
