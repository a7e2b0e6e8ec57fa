"""Options that cannot be meant, and addresses under which no database of Glance's can be read: one line says what is wrong, and no password."""

import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

MARIADB, POSTGRESQL = pytest.mark.mariadb, pytest.mark.postgresql
EXPECTED = r"mysql\+pymysql://user:password@host/database or postgresql\+psycopg://… is expected"
CASES = [
    ("nonsense", EXPECTED),
    ("", EXPECTED),
    ("oracle://glance:secret@db/glance", f"{EXPECTED}, not oracle:"),
    ("mysql+pymysql://glance:secret@db:secret/glance", EXPECTED),
    ("mysql+pymysql://glance:secret@127.0.0.1", f"{EXPECTED}, with the database"),
    ("mysql+pymysql://glance:secret@127.0.0.1:9/glance", "Connection refused"),
    ("mysql://glance:secret@no.such.invalid/glance", "'no.such.invalid'"),
    ("mysql://glance:secret@127.0.0.1:9/glance?rate=1", "unexpected keyword argument"),
    ("postgresql+psycopg2://glance:secret@127.0.0.1:9/glance", "Connection refused"),
    ("postgresql://glance:secret@no.such.invalid/glance", "'no.such.invalid'"),
    ("postgresql://glance:secret@127.0.0.1:9/glance?x=y", "invalid connection option"),
    (
        "mysql://glance:a secret@not so@127.0.0.1:9/glance",
        f"{EXPECTED}; an @ in a password is written %40",
    ),
    (
        "mysql://glance:secret@127.0.0.1:9/glance?ssl_ca=/no/such.pem",
        "a file that the address names: No such file",
    ),
    (
        "mysql://127.0.0.1:9/glance?read_default_file={options}",
        "the option file .* cannot be understood",
    ),
    ("sqlite://", "it lacks tables of Glance's: .*images, image_properties"),
    pytest.param("mysql+mysqldb://root:secret@{mariadb}/mysql", "Access denied", marks=MARIADB),
    pytest.param("mysql://root@{mariadb}/nope", "Unknown database 'nope'", marks=MARIADB),
    pytest.param("mysql://root@{mariadb}/mysql?plugin=x", "images, image_prop", marks=MARIADB),
    pytest.param("postgresql://root@{mariadb}/mysql", "invalid response", marks=MARIADB),
    pytest.param("postgresql://{postgresql}nope", 'nope" does not exist', marks=POSTGRESQL),
    pytest.param("postgresql://{postgresql}", "images, image_properties", marks=POSTGRESQL),
]


@pytest.mark.parametrize(("url", "reason"), CASES)
def test_what_cannot_be_read_is_told_in_one_line(url: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "options").write_text("password = secret\n")
    places = {
        "options": tmp_path / "options",
        "mariadb": os.environ.get("VITRINE_TEST_MARIADB_URL", "").rpartition("@")[2],
        "postgresql": os.environ.get("VITRINE_TEST_POSTGRES_URL", "").partition("://")[2],
    }
    with pytest.raises(
        CommandError, match=rf"^Glance's database cannot be read: .*{reason}"
    ) as told:
        call_command("takeover_glance", database=url.format(**places))
    assert "\n" not in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("option", ["--batch=0", "--batch=-1", "--compare=0", "--compare=x"])
def test_numbers_that_cannot_be_meant_are_refused(option: str) -> None:
    """A comparison of nothing must not become a takeover."""
    with pytest.raises(CommandError, match=f"argument {option.partition('=')[0]}: "):
        call_command("takeover_glance", "--database=sqlite://", option)
