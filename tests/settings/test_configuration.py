"""Where settings come from, which source wins, and what is said about wrong ones."""

import dataclasses
import math
import os
import re
import stat
import subprocess
import sys
import typing
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.conf import CatalogConfig, ConfigurationError, parse, variable
from search.conf import SearchConfig
from settings import configuration, folders, secrets
from settings.databases import database
from settings.sections import BrokerConfig, DatabaseConfig, HttpConfig
from stores import StoreConfig, StoreMisconfigured, build

PRODUCTION = {
    "VITRINE_PROFILE": "production",
    "VITRINE_DATABASE_URL": "postgresql://db/vitrine",
    "VITRINE_BROKER_URL": "redis://broker",
    "VITRINE_SEARCH_URL": "http://search:9200",
}


def file(folder: Path, text: str) -> dict[str, str]:
    path = folder / "vitrine.toml"
    path.write_text(text, encoding="utf-8")
    return {"VITRINE_CONFIG": str(path)}


def problems(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        configuration.load(environ)
    return "; ".join(caught.value.problems)


def test_defaults_need_nothing() -> None:
    found = configuration.load({})
    assert found[HttpConfig].port == 9292
    assert found[SearchConfig].engine == "embedded"


def test_environment_wins_over_file_wins_over_profile(tmp_path: Path) -> None:
    assert configuration.load(PRODUCTION)[HttpConfig].web_workers == 2
    environ = PRODUCTION | file(tmp_path, "web_workers = 3\n[search]\nindex_prefix = 'ours'\n")
    found = configuration.load(environ)
    assert found[HttpConfig].web_workers == 3
    assert (found[SearchConfig].engine, found[SearchConfig].index_prefix) == (
        "elasticsearch",
        "ours",
    )
    assert configuration.load(environ | {"VITRINE_WEB_WORKERS": "5"})[HttpConfig].web_workers == 5


def test_production_names_everything_that_it_misses(tmp_path: Path) -> None:
    said = problems({"VITRINE_PROFILE": "production"})
    for name in ("VITRINE_DATABASE_URL", "VITRINE_BROKER_URL", "VITRINE_SEARCH_URL"):
        assert f"{name} is required by the production profile" in said
        assert said.count(f"{name} is required") == 1
    in_file = file(
        tmp_path,
        "profile = 'production'\n[database]\nurl = 'postgresql://db/x'\n"
        "[broker]\nurl = 'redis://b'\n[search]\nurl = 'http://s:9200'\n",
    )
    found = configuration.load(in_file)
    assert found[DatabaseConfig].url.endswith("/x")
    assert found[BrokerConfig].url == "redis://b"
    assert found[CatalogConfig].profile == "production"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"VITRINE_PORT": "http"}, "VITRINE_PORT='http': must be a whole number"),
        ({"VITRINE_PORT": "70000"}, "VITRINE_PORT must lie between 1 and 65535, not 70000"),
        ({"VITRINE_PORT": "9" * 400}, "VITRINE_PORT must lie between 1 and 65535, not a number"),
        ({"VITRINE_WEB_THREADS": "0"}, "VITRINE_WEB_THREADS must lie between 1 and 1000, not 0"),
        ({"VITRINE_PROFILE": "staging"}, "must be one of embedded, production"),
        ({"VITRINE_SEARCH_ENGINE": "solr"}, "must be one of embedded, elasticsearch"),
        ({"VITRINE_CONFIG": "/nowhere.toml"}, "VITRINE_CONFIG=/nowhere.toml: No such file"),
        ({"VITRINE_POLICY_FILE": "/nowhere.yaml"}, "/nowhere.yaml is not a file"),
        ({"VITRINE_PUBLIC_URL": "vitrine.example"}, "VITRINE_PUBLIC_URL must begin with http://"),
        ({"VITRINE_PUBLIC_URL": "https://[::1"}, "VITRINE_PUBLIC_URL must begin with http://"),
        ({"VITRINE_BROKER_URL": "foo://x"}, "VITRINE_BROKER_URL must begin with one of amqp://"),
        ({"VITRINE_SEARCH_URL": "http://search"}, "VITRINE_SEARCH_URL must name host and port"),
        ({"VITRINE_SEARCH_URL": "http://[::1"}, "VITRINE_SEARCH_URL must name host and port"),
    ],
)
def test_wrong_values_are_named(environ: dict[str, str], said: str) -> None:
    assert said in problems(environ)


BILLION = str(10**9 + 1)
TOO_LARGE = str(1 << 63)


@pytest.mark.parametrize("prepared", [True, False])
def test_database_that_vanishes_is_noticed_and_the_address_may_say_when(prepared: bool) -> None:
    url = "postgresql://db/vitrine?connect_timeout=3&sslmode=require"
    options = database(DatabaseConfig(url=url, prepared=prepared), Path())["OPTIONS"]
    assert (int(options["connect_timeout"]), options["sslmode"]) == (3, "require")
    assert options["tcp_user_timeout"] > 0
    assert options["keepalives_idle"] > 0


@pytest.mark.parametrize(
    ("name", "least", "wrong"),
    [
        ("ARTIFACTS_UPLOAD_LEASE", "0.5", ["0", "-1", BILLION, "1e300"]),
        ("ARTIFACTS_IDLE_TIMEOUT", "0.5", ["0", "-1", BILLION]),
        ("ARTIFACTS_SESSION_TTL", "1", ["0", "-1", BILLION]),
        ("ARTIFACTS_RESTORE_GRACE", "0", ["-1", BILLION]),
        ("ARTIFACTS_DATA_THREADS", "1", ["0", "-1", "1001"]),
        ("ARTIFACTS_FOREIGN_THREADS", "1", ["0", "-1", "1001"]),
        ("ARTIFACTS_DATABASE_THREADS", "1", ["0", "-1", "1001"]),
        ("ARTIFACTS_SIZE_LIMIT", "1", ["0", "-1", TOO_LARGE]),
        ("ARTIFACTS_SESSION_PART", "1", ["0", "-1", TOO_LARGE]),
        ("IMAGES_LOCATION_WAITERS", "1", ["0", "-1", "1001"]),
        ("IMAGES_HTTP_RETRIES", "1", ["0", "-1"]),
        ("IMAGES_SIZE_CAP", "1", ["0", "-1", TOO_LARGE]),
        ("IMAGE_SIGNATURES_BARBICAN_TIMEOUT", "0.5", ["0", "-1", BILLION]),
        ("SEARCH_TIMEOUT", "0.5", ["0", "-1", BILLION]),
        ("SEARCH_WAIT_LIMIT", "0.5", ["0", "-1", BILLION]),
        ("SEARCH_RELAY_POLL", "0.5", ["0", "-1", BILLION]),
        ("SEARCH_RELAY_BATCH", "1", ["0", "-1", "10001"]),
        ("SEARCH_SHARDS", "1", ["0", "-1", "1025"]),
        ("NOTIFICATIONS_LEASE", "0.5", ["0", "-1", BILLION]),
        ("JOB_LEASE", "0.5", ["0", "-1", BILLION]),
        ("DELIVERY_LEASE", "0.5", ["0", "-1", BILLION]),
        ("BODY_LIMIT", "1", ["0", "-1", TOO_LARGE]),
        ("PAGE_LIMIT", "25", ["0", "-1", TOO_LARGE]),
        ("IDENTITY_TOKEN_LIFETIME", "1", ["0", "-1", BILLION]),
        ("IDENTITY_LOGIN_LONGEST_DELAY", "1", ["0", "-1", BILLION]),
        ("IDENTITY_LOGIN_FREE_ATTEMPTS", "1", ["0", "-1", TOO_LARGE]),
        ("IDENTITY_APPLICATION_CREDENTIALS", "1", ["0", "-1", TOO_LARGE]),
        ("IDENTITY_CACHE_SECONDS", "0", ["-1", BILLION]),
        ("IDENTITY_CACHE_SIZE", "1", ["0", "-1", TOO_LARGE]),
        ("KEYSTONE_RETRIES", "0", ["-1", "6"]),
        ("KEYSTONE_CACHE_SECONDS", "0", ["-1", BILLION]),
        ("KEYSTONE_CACHE_SIZE", "1", ["0", "-1", TOO_LARGE]),
        ("WEB_WORKERS", "1", ["0", "-1", "1001"]),
        ("WEB_THREADS", "1", ["0", "-1", "1001"]),
        ("WORKER_THREADS", "1", ["0", "-1", "1001"]),
        ("WEB_QUEUE", "0", ["-1", "1000001"]),
        ("BODY_SECONDS", "0.5", ["0", "-1", BILLION]),
        ("SHUTDOWN_GRACE", "0", ["-1", BILLION]),
    ],
)
def test_numbers_that_break_the_service_are_refused(
    name: str, least: str, wrong: list[str]
) -> None:
    variable = f"VITRINE_{name}"
    configuration.load({variable: least})
    for value in [*wrong, "nan", "inf", "x", ""]:
        said = problems({variable: value})
        assert said.startswith(variable)
        assert "\n" not in said


@pytest.mark.parametrize(
    ("backend", "options", "said"),
    [
        ("http", {"timeout": 0}, "timeout=0 must be more than 0"),
        ("http", {"timeout": -1}, "timeout=-1 must be more than 0"),
        ("http", {"timeout": "soon"}, "the options do not fit"),
        ("http", {"slowest": -1}, "slowest=-1 must be 0 or more"),
        ("http", {"allowed_ports": 80}, "the options do not fit"),
        ("memory", {"capacity": -1}, "capacity=-1 must be 0 or more"),
        ("memory", {"capacity": "much"}, "the options do not fit"),
        ("file", {"root": 5}, "the options do not fit"),
        ("file", {}, "the options do not fit"),
    ],
)
def test_options_that_break_a_store_are_refused(
    backend: str, options: dict[str, object], said: str
) -> None:
    with pytest.raises(StoreMisconfigured, match=re.escape(said)):
        build({"wrong": StoreConfig(backend=backend, options=options)})


NUMBERS = [
    (section_type, item.name)
    for section_type in configuration.SECTIONS
    for item in dataclasses.fields(section_type)
    if typing.get_type_hints(section_type)[item.name] in (int, float)
]


def test_no_number_is_too_long_to_be_refused_in_a_line() -> None:
    """Of hundreds of digits and of thousands, from a variable and from the file."""
    for section_type, name in NUMBERS:
        where = variable(section_type, name)
        for digits in ("9" * 400, "9" * 9000, "-" + "9" * 400, "1e400", "0." + "1" * 400 + "x"):
            with pytest.raises(ConfigurationError) as caught:
                parse(section_type, {where: digits}, {})
            (said,) = caught.value.problems
            assert said.startswith(where)
            assert len(said) < 300
        for number in (10**400, -(10**400), 16**9000, math.inf, -math.inf, math.nan):
            own = {name: number}
            with pytest.raises(ConfigurationError) as caught:
                parse(section_type, {}, {section_type.prefix: own} if section_type.prefix else own)
            assert len(caught.value.problems[0]) < 300, where


NUMBER = st.one_of(st.integers(), st.floats(), st.integers(min_value=10**300))
VALUE = st.recursive(
    st.one_of(NUMBER, st.text(), st.booleans(), st.dates(), st.binary()),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    "name", ["VITRINE_POLICY_FILE", "VITRINE_SEARCH_CA_CERTS", "VITRINE_LOG_FILE"]
)
def test_a_name_that_no_file_can_have_is_told(name: str) -> None:
    section_type, key = configuration.variables()[name]
    own = {key: "x" * 300}
    with pytest.raises(ConfigurationError, match=r"is not a file|255 bytes"):
        parse(section_type, {}, {section_type.prefix: own} if section_type.prefix else own)


@given(st.sampled_from([*configuration.variables()]), VALUE)
def test_whatever_stands_in_the_file_is_taken_or_told(name: str, value: object) -> None:
    section_type, key = configuration.variables()[name]
    document = {section_type.prefix: {key: value}} if section_type.prefix else {key: value}
    with suppress(ConfigurationError):
        parse(section_type, {}, document)


@given(st.sampled_from([*configuration.variables()]), st.text())
def test_whatever_stands_in_a_variable_is_taken_or_told(name: str, text: str) -> None:
    with suppress(ConfigurationError):
        parse(configuration.variables()[name][0], {name: text}, {})


def test_a_wrong_number_ends_the_start_with_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=Path(__file__).parents[2],
        env={
            "PATH": os.environ["PATH"],
            "VITRINE_DATA_DIR": str(tmp_path),
            "VITRINE_ARTIFACTS_DATA_THREADS": "0",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode != 0
    assert "VITRINE_ARTIFACTS_DATA_THREADS must lie between 1 and 1000, not 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_sqlite_writes_alone_wherever_its_file_lies(tmp_path: Path) -> None:
    usual = database(DatabaseConfig(), tmp_path)
    assert usual["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    address = f"sqlite:///{tmp_path}/vitrine.sqlite3"
    assert database(DatabaseConfig(url=address), Path("/elsewhere")) == usual
    patient = database(DatabaseConfig(url=f"{address}?timeout=60"), tmp_path)
    assert patient["OPTIONS"] == {**usual["OPTIONS"], "timeout": 60}


def test_all_problems_are_told_at_once() -> None:
    said = problems({"VITRINE_PORT": "x", "VITRINE_LOG_LEVEL": "LOUD"})
    assert "VITRINE_PORT" in said
    assert "VITRINE_LOG_LEVEL" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1\n", "prot in the configuration file is no setting; did you mean port?"),
        (
            "[search]\nengin = 'x'\n",
            "search.engin in the configuration file is no setting; did you",
        ),
        ("search = 'x'\n", "[search] must be a table"),
        ("port = \n", "VITRINE_CONFIG="),
        ("port = " + "9" * 9000, "VITRINE_CONFIG="),
        ("port = 0x" + "f" * 9000, "VITRINE_PORT must lie between 1 and 65535, not a number"),
    ],
)
def test_wrong_files_are_explained(tmp_path: Path, text: str, said: str) -> None:
    assert said in problems(file(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("VITRINE_PROT", "VITRINE_PORT"),
        ("VITRINE_DATABSE_URL", "VITRINE_DATABASE_URL"),
        ("vitrine_port", "VITRINE_PORT"),
        ("Vitrine_Log_Levle", "VITRINE_LOG_LEVEL"),
        ("VITRINE_DATA_THREADS", "VITRINE_ARTIFACTS_DATA_THREADS"),
        ("VITRINE__WEB_WORKERS", "VITRINE_WEB_WORKERS"),
        ("VITRINE_TESTED", None),
        ("VITRINE_", None),
    ],
)
def test_variable_that_nothing_reads_is_refused(name: str, meant: str | None) -> None:
    said = problems({name: "80", "VITRINE_PORT": "80", "PATH": "/bin", "VITRINE_TEST_X": "1"})
    assert said == f"{name} is no setting" + (f"; did you mean {meant}?" if meant else "")


def test_slips_are_answered_with_the_right_name() -> None:
    for right in configuration.variables():
        for at in range(len("VITRINE_"), len(right) - 1, 5):
            swapped = f"{right[:at]}{right[at + 1]}{right[at]}{right[at + 2 :]}"
            if swapped != right:
                assert f"{swapped} is no setting; did you mean {right}?" in problems({swapped: "1"})


def test_variables_of_the_scripts_are_known() -> None:
    root = Path(__file__).parents[2]
    files = [root / "Makefile", root / ".ci/run", root / "scripts/services"]
    files += sorted((root / "scripts/testservers").glob("*.py"))
    read = {
        n for file in files for n in re.findall(r"VITRINE_[A-Z0-9_]*[A-Z0-9]", file.read_text())
    }
    assert "VITRINE_SERVICES_DIR" in read
    assert list(configuration.unknown_variables(dict.fromkeys(read, "x"))) == []


def test_signing_key_is_made_once_and_private(tmp_path: Path) -> None:
    key = secrets.secret_key(tmp_path / "new", None)
    path = tmp_path / "new" / "secret_key"
    assert len(key) > 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert secrets.secret_key(tmp_path / "new", None) == key
    assert secrets.secret_key(tmp_path / "new", "given") == "given"
    assert [p.name for p in path.parent.iterdir()] == ["secret_key"]


def test_signing_key_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"VITRINE_DATA_DIR: cannot use .*Not a directory"):
        secrets.secret_key(tmp_path / "file" / "data", None)
    for use in (lambda folder: secrets.secret_key(folder, None), folders.prepare):
        with pytest.raises(ConfigurationError, match=r"VITRINE_DATA_DIR: .*/file is a file, not a"):
            use(tmp_path / "file")
    (tmp_path / "secret_key").touch()
    with pytest.raises(ConfigurationError, match="is empty"):
        secrets.secret_key(tmp_path, None)


def test_command_tells_wrong_settings_in_lines_without_a_traceback(tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "VITRINE_DATA_DIR": str(tmp_path),
        "VITRINE_PORT": "x",
        "VITRINE_LOG_FORMAT": "xml",
    }
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        check=False,
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["vitrine", "vitrine"]
