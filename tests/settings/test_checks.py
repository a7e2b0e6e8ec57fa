"""Warnings about the configuration: what is most likely a slip of the pen."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from catalog import policy
from catalog.conf import CatalogConfig
from settings import checks
from settings.sections import HttpConfig

ROOT = Path(__file__).parents[2]
Overriding = Callable[[str], list[str]]


@pytest.fixture
def warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Overriding:
    """What is said of a policy file with this text."""

    def said(text: str) -> list[str]:
        file = tmp_path / "policy.yaml"
        file.write_text(text)
        changed = replace(settings.VITRINE[CatalogConfig], policy_file=file)
        monkeypatch.setitem(settings.VITRINE, CatalogConfig, changed)
        policy.register([])  # forgets what it knew
        try:
            return [str(one.msg) for one in checks.policy_rules()]
        finally:
            monkeypatch.undo()
            policy.register([])

    return said


def test_rule_that_nobody_asks_is_told(warnings: Overriding) -> None:
    (said,) = warnings('"delete_imgae": "role:admin"\n"upload_image": "role:admin"\n')
    assert "'delete_imgae'" in said
    assert "did you mean delete_image?" in said


def test_rules_that_others_speak_of_are_fine(warnings: Overriding) -> None:
    text = '"keepers": "role:keeper"\n"delete_image": "not rule:keepers"\n"default": ""\n'
    assert warnings(text) == []


def manage(folder: Path, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("VITRINE_")}
    own = {"VITRINE_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "settings.base"}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=kept | own | given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


CHECK = ("check", "--database", "default", "--fail-level", "WARNING")


def test_a_database_without_tables_is_told(tmp_path: Path) -> None:
    done = manage(tmp_path, *CHECK)
    assert done.returncode == 1
    assert "settings.W003" in done.stderr
    assert "manage.py migrate" in done.stderr


def test_who_makes_the_tables_is_not_told_that_they_are_missing(tmp_path: Path) -> None:
    done = manage(tmp_path, "migrate", "--plan")
    assert done.returncode == 0, done.stderr
    assert "artifacts.0001" in done.stdout
    assert "settings.W003" not in done.stderr


def test_a_database_that_cannot_be_used_is_told_without_a_traceback(tmp_path: Path) -> None:
    done = manage(tmp_path, *CHECK, VITRINE_DATABASE_URL="postgresql://v:secret@127.0.0.1:9/v")
    assert done.returncode == 1
    assert "settings.E001" in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.django_db
def test_tables_of_this_version_are_fine_and_older_ones_are_told() -> None:
    assert checks.tables(databases=["default"]) == []
    newest = MigrationLoader(connection).graph.leaf_nodes("artifacts")[0]
    MigrationRecorder(connection).record_unapplied(*newest)
    assert [one.id for one in checks.tables(databases=["default"])] == ["settings.W003"]


def test_checks_that_name_no_database_ask_none() -> None:
    assert checks.tables() == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, False),
        ({"host": "::1"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"profile": "production"}, True),
        ({"profile": "production", "public_url": "https://vitrine.example"}, True),
        ({"profile": "production", "allowed_hosts": ("vitrine.example", "*")}, True),
        ({"profile": "production", "allowed_hosts": ("vitrine.example",)}, False),
        ({"host": "0.0.0.0", "allowed_hosts": ("vitrine.example",)}, False),
    ],
)
def test_every_host_is_answered_to_nobody_but_oneself_in_silence(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], told: bool
) -> None:
    for kind in (CatalogConfig, HttpConfig):
        fields = {one.name for one in dataclasses.fields(kind)}
        changes = {k: v for k, v in given.items() if k in fields}
        monkeypatch.setitem(settings.VITRINE, kind, replace(settings.VITRINE[kind], **changes))
    monkeypatch.setattr("sys.argv", ["manage.py", "load_metadefs"])
    assert checks.hosts() == [], "it is told where the service starts, not by each command"
    monkeypatch.setattr("sys.argv", ["manage.py", "serve"])
    said = checks.hosts()
    assert [one.id for one in said] == (["settings.W004"] if told else [])
    if told:
        assert ("VITRINE_PUBLIC_URL" in str(said[0].msg)) is ("public_url" not in given)
