"""A real Glance on PostgreSQL or MariaDB, filled with images that are the same in every run."""

import hashlib
import json
import os
import random
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.support.patience import eventually
from tests.support.ports import free_port
from tests.support.service import Service

HERE = Path(__file__).parent
MANAGE = "import sys; from glance.cmd.manage import main; sys.argv[0] = 'glance-manage'; main()"
SERVE = (
    "import waitress; from glance.wsgi.api import application as found;"
    " waitress.serve(found, host='127.0.0.1', port={port}, threads=2)"
)
CONFIGURATION = """\
[DEFAULT]
enabled_backends = file1:file
worker_self_reference_url = http://127.0.0.1:{port}
[database]
connection = {database}
[glance_store]
default_backend = file1
[file1]
filesystem_store_datadir = {folder}/file1
[os_glance_staging_store]
filesystem_store_datadir = {folder}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {folder}/tasks
[paste_deploy]
config_file = {folder}/glance-api-paste.ini
[oslo_concurrency]
lock_path = {folder}/lock
"""
PASTE = """\
[composite:glance-api]
paste.composite_factory = glance.api:root_app_factory
/: api
/healthcheck: healthcheck
[composite:api]
paste.composite_factory = glance.api:pipeline_factory
default = versionnegotiation fakeauth context rootapp
[composite:rootapp]
paste.composite_factory = glance.api:root_app_factory
/: apiversions
/v2: apiv2app
[app:apiversions]
paste.app_factory = glance.api.versions:create_resource
[app:apiv2app]
paste.app_factory = glance.api.v2.router:API.factory
[app:healthcheck]
paste.app_factory = oslo_middleware:Healthcheck.app_factory
[filter:versionnegotiation]
paste.filter_factory = glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory
[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory
[filter:fakeauth]
paste.filter_factory = fakeauth:FakeAuth.factory
"""
BEGAN = datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # UTC that does not say so
SPACE = uuid.UUID("b7f0ad44-6f0b-4f2b-9c0e-1c7f6a5d1a01")
KINDS = ("active",) * 16 + ("queued", "deactivated", "saving", "killed")
NAMES = ("image", "Image", "ärmel")
IMAGE = (
    "id name status visibility disk_format container_format size virtual_size checksum os_hash_algo os_hash_value"
    " min_disk min_ram owner protected os_hidden created_at updated_at deleted_at deleted"
).split()


@dataclass
class Rows:
    """Rows for each table, as tuples in the order of its columns below."""

    images: list[tuple[Any, ...]] = field(default_factory=list)
    image_properties: list[tuple[Any, ...]] = field(default_factory=list)
    image_tags: list[tuple[Any, ...]] = field(default_factory=list)
    image_members: list[tuple[Any, ...]] = field(default_factory=list)
    image_locations: list[tuple[Any, ...]] = field(default_factory=list)


COLUMNS = {
    "images": IMAGE,
    "image_properties": "image_id name value created_at updated_at deleted".split(),
    "image_tags": "image_id value created_at updated_at deleted".split(),
    "image_members": "image_id member can_share status created_at updated_at deleted".split(),
    "image_locations": "image_id value meta_data status created_at updated_at deleted".split(),
}


@dataclass(frozen=True)
class Server:
    """A kind of database: where one runs, who speaks to it, and what is made in it for one Glance.

    `reader` is the password of somebody who reads and may do nothing else.
    """

    variable: str
    glances_driver: str
    our_driver: str
    made: Sequence[str]
    unmade: Sequence[str]
    cut: str
    altered: Sequence[str] = ()
    reader: str = ""
    glances_options: Mapping[str, str] = field(default_factory=dict)
    our_options: Mapping[str, str] = field(default_factory=dict)

    def url(self) -> sa.URL:
        return sa.make_url(os.environ[self.variable]).set(drivername=self.our_driver)


SERVERS = {
    "postgresql": Server(
        "VITRINE_TEST_POSTGRES_URL",
        "postgresql+psycopg2",
        "postgresql+psycopg",
        # Most servers sort as people do; those for tests sort by code points.
        ["CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'"],
        ["DROP DATABASE {} WITH (FORCE)"],
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()",
    ),
    "mariadb": Server(
        "VITRINE_TEST_MARIADB_URL",
        "mysql+pymysql",
        "mysql+pymysql",
        [
            "CREATE DATABASE {0}",
            "CREATE USER {0}@'127.0.0.1' IDENTIFIED BY 'reads/only@1'",
            "GRANT SELECT ON {0}.* TO {0}@'127.0.0.1'",
        ],
        ["DROP DATABASE {0}", "DROP USER {0}@'127.0.0.1'"],
        "KILL USER {}",
        # Glance's tables hold three bytes a character; who wants more has done this.
        ["ALTER TABLE image_properties MODIFY value text CHARACTER SET utf8mb4"],
        reader="reads/only@1",
        glances_options={"charset": "utf8mb4"},
        # As many a Glance has it: three bytes a character, and none decoded.
        our_options={"charset": "utf8", "use_unicode": "0"},
    ),
}


@dataclass(frozen=True)
class Glance:
    """`database` is its URL as an operator would write it for us; `tables` may be written."""

    address: str
    database: str
    tables: sa.Engine
    folder: Path
    cut: str

    def cut_connections(self) -> None:
        """End every connection to the database, as servers do with idle ones, or when they start anew."""
        _execute(self.tables, [self.cut], str(self.tables.url.database))

    @contextmanager
    def without(self, table: str) -> Iterator[None]:
        """Meanwhile the table cannot be read."""
        _execute(self.tables, ["ALTER TABLE {} RENAME TO away"], table)
        try:
            yield
        finally:
            _execute(self.tables, ["ALTER TABLE away RENAME TO {}"], table)


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Glance]:
    """A Glance without images; it and its database go at the end."""
    server, name = SERVERS[kind], f"glance_{uuid.uuid4().hex[:10]}"
    with _database(server, name) as url, (folder / "log").open("ab") as log:
        port = free_port()
        for part in ("file1", "staging", "tasks"):
            (folder / part).mkdir(parents=True)
        configuration = folder / "glance-api.conf"
        theirs = url.set(drivername=server.glances_driver, query=server.glances_options)
        configuration.write_text(
            CONFIGURATION.format(port=port, folder=folder, database=_written(theirs))
        )
        (folder / "glance-api-paste.ini").write_text(PASTE)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "OS_GLANCE_CONFIG_DIR": str(folder),
            "PYTHONPATH": str(HERE / "middleware"),
            "PYTHONWARNINGS": "ignore",
        }
        python = os.environ["VITRINE_TEST_GLANCE"]
        stock = Path(python).parents[1] / "etc/glance/metadefs"
        for arguments in (["db_sync"], ["db_load_metadefs", str(stock)]):
            command = [python, "-c", MANAGE, f"--config-file={configuration}", *arguments]
            subprocess.run(
                command, env=environment, stdout=log, stderr=log, check=True, timeout=600
            )
        tables = sa.create_engine(url, poolclass=sa.NullPool)
        _execute(tables, server.altered, name)
        process = subprocess.Popen(
            [python, "-c", SERVE.format(port=port)], env=environment, stdout=log, stderr=log
        )
        try:
            service = Service(folder, port, {})
            assert eventually(lambda: service.get("/healthcheck")[0] == 200, seconds=180), (
                folder / "log"
            ).read_text()[-3000:]
            told = url.update_query_dict(server.our_options)
            if server.reader:
                told = told.set(username=name, password=server.reader)
            yield Glance(f"http://127.0.0.1:{port}", _written(told), tables, folder, server.cut)
        finally:
            process.terminate()
            process.wait(30)


def _written(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


@contextmanager
def _database(server: Server, name: str) -> Iterator[sa.URL]:
    whole = sa.create_engine(server.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    _execute(whole, server.made, name)
    try:
        yield server.url().set(database=name)
    finally:
        _execute(whole, server.unmade, name)


def _execute(engine: sa.Engine, statements: Sequence[str], name: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.format(name))


def seed(glance: Glance, owners: Sequence[str], count: int) -> list[str]:
    """Fill the tables; every hundredth image has a file. The ids, in order."""
    rows = Rows()
    for number in range(count):
        _image(rows, number, glance.folder, owners)
    for table, columns in COLUMNS.items():
        _insert(
            glance, table, [dict(zip(columns, row, strict=True)) for row in getattr(rows, table)]
        )
    return [row[0] for row in rows.images]


def add_later(glance: Glance, owner: str | None, visibility: str = "private") -> str:
    """One more image, after the others; its id."""
    image_id = str(uuid.uuid5(SPACE, f"later {owner} {visibility}"))
    same = dict.fromkeys(("protected", "os_hidden", "deleted"), False)
    same |= dict.fromkeys(("min_disk", "min_ram"), 0)
    same |= dict.fromkeys(("created_at", "updated_at"), BEGAN)
    told = {"id": image_id, "name": "later", "owner": owner, "visibility": visibility}
    _insert(glance, "images", [{**same, **told, "status": "queued"}])
    return image_id


def _insert(glance: Glance, table: str, rows: Sequence[dict[str, Any]]) -> None:
    found = sa.Table(table, sa.MetaData(), autoload_with=glance.tables)
    with glance.tables.begin() as connection:
        connection.execute(found.insert(), rows)


def _image(rows: Rows, number: int, folder: Path, owners: Sequence[str]) -> None:
    chosen = random.Random(number)
    image_id, moment = str(uuid.uuid5(SPACE, str(number))), BEGAN + timedelta(minutes=number // 3)
    status, owner = chosen.choice(KINDS), chosen.choice(owners)
    visibility = chosen.choice(("private", "shared", "shared", "public", "community"))
    content = random.Random(image_id).randbytes(500 + number % 500) if number % 100 == 0 else None
    if content is not None:
        status = "active"
        (folder / "file1" / image_id).write_bytes(content)
    full = status in {"active", "deactivated"}
    bytes_ = content or b""
    deleted = status == "killed"
    rows.images.append((
        image_id, f"{NAMES[number % 3]} {number % 4000:05}", status, visibility,
        chosen.choice(("qcow2", "raw")), "bare", len(bytes_) if full else None, None,
        hashlib.md5(bytes_).hexdigest() if full else None,
        "sha512" if full else None,
        hashlib.sha512(bytes_).hexdigest() if full else None,
        chosen.choice((0, 10)), chosen.choice((0, 512)), owner,
        chosen.random() < 0.05, chosen.random() < 0.02,
        moment, moment + timedelta(hours=1), moment + timedelta(days=1) if deleted else None, deleted,
    ))  # fmt: skip
    stamp = (moment, moment, deleted)
    for name, value in (
        ("os_distro", chosen.choice(("debian", "ubuntu", "fedora"))),
        ("hw_disk_bus", "virtio"),
        ("note", f"Größe {number} 🐧" if number % 7 == 0 else str(number)),
    ):
        rows.image_properties.append((image_id, name, value, *stamp))
    if content is not None:
        rows.image_properties.append((image_id, "os_glance_failed_import", "", *stamp))
        address = f"file://{folder}/file1/{image_id}"
        meta = json.dumps({"store": "file1"})
        rows.image_locations.append((image_id, address, meta, "active", *stamp))
    for tag in chosen.sample(("a", "b", "lts"), chosen.randrange(3)):
        rows.image_tags.append((image_id, tag, *stamp))
    if visibility == "shared":
        for member in {chosen.choice(owners) for _ in range(2)} - {owner}:
            said = chosen.choice(("accepted", "pending", "rejected"))
            rows.image_members.append((image_id, member, False, said, *stamp))
