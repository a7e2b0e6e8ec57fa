"""Debian's packages, installed without questions and without starting anything."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import ServiceError
from .folders import cache, locked
from .report import say

POLICY = Path("/usr/sbin/policy-rc.d")
# What Debian enables at installation; disabled again, or a reboot would occupy the default ports.
UNITS = {
    "postgresql-15": ["postgresql.service"],
    "redis-server": ["redis-server.service"],
    "nginx-light": ["nginx.service"],
    "rabbitmq-server": ["rabbitmq-server.service", "epmd.service", "epmd.socket"],
}


def install(packages: Sequence[str]) -> None:
    """Install packages with apt-get; nothing happens for an empty list."""
    if not packages:
        return
    if os.geteuid() != 0:
        raise ServiceError(f"missing packages, which only root can install: {' '.join(packages)}")
    say("apt", f"installing {' '.join(packages)}")
    cache().mkdir(parents=True, exist_ok=True)
    with locked(cache() / ".apt.lock"), _nothing_starts():
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *packages)
    _disable([unit for package in packages for unit in UNITS.get(package, [])])


def _apt(*arguments: str) -> None:
    options = ["-qq", "-o", "DPkg::Lock::Timeout=900", "-o", "Acquire::Retries=3"]
    options += ["-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Use-Pty=0"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
    done = subprocess.run(
        ["apt-get", *options, *arguments],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise ServiceError(f"apt-get {arguments[0]} failed:\n{done.stdout[-3000:]}")


@contextmanager
def _nothing_starts() -> Iterator[None]:
    """Keep package scripts from starting services; a policy that is there already is left alone."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(
        "#!/bin/sh\n# Put here by scripts/services during an installation.\nexit 101\n"
    )
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _disable(units: Sequence[str]) -> None:
    if not units or not shutil.which("systemctl"):
        return
    now = ["--now"] if Path("/run/systemd/system").is_dir() else []
    # One by one: a unit that this version of a package lacks must not keep the others enabled.
    for unit in units:
        command = ["systemctl", "--quiet", "disable", *now, unit]
        subprocess.run(command, check=False, capture_output=True)
