"""From an SQLAlchemy URL to an engine, and from what drivers say to sentences for people."""

import configparser
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import InvalidRequestError, SQLAlchemyError

from catalog.errors import Unavailable, first_line

# Whatever driver Glance has, these are here.
DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite",
}
MYSQL = frozenset({"mysql", "mariadb"})
# Seconds; a server that says nothing must not hold up a run for ever.
PATIENCE: Mapping[str, Mapping[str, int]] = {
    "postgresql": {
        "connect_timeout": 10,
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    },
    "mysql": {"connect_timeout": 10, "read_timeout": 300},
    "mariadb": {"connect_timeout": 10, "read_timeout": 300},
}
EXPECTED = "mysql+pymysql://user:password@host/database or postgresql+psycopg://… is expected"


class SourceUnreadable(Unavailable):
    """The database, or the file, cannot be read, or is none of Glance's."""

    code = "takeover_source_unreadable"


def engine(text: str) -> sa.Engine:
    """An engine whose driver is here, and which loses no character on the way. SourceUnreadable names what is wrong."""
    try:
        url = sa.make_url(text)
    except (SQLAlchemyError, ValueError):
        # Not with what was found in its place: that may be a part of the password.
        raise _unreadable(EXPECTED) from None
    if "@" in (url.host or ""):
        raise _unreadable(f"{EXPECTED}; an @ in a password is written %40")
    kind = url.get_backend_name()
    if kind not in DRIVERS:
        raise _unreadable(f"{EXPECTED}, not {kind}:")
    if kind in MYSQL and not url.database:
        raise _unreadable(f"{EXPECTED}, with the database")
    url = url.set(drivername=DRIVERS[kind]).difference_update_query(["plugin", "use_unicode"])
    if kind in MYSQL:
        # The `utf8` of many a Glance has three bytes: longer characters would come as question marks.
        url = url.update_query_dict({"charset": "utf8mb4"})
    arguments = {k: v for k, v in PATIENCE.get(kind, {}).items() if k not in url.query}
    return sa.create_engine(url, connect_args=arguments, poolclass=sa.NullPool)


def connecting() -> AbstractContextManager[None]:
    """SourceUnreadable for whatever keeps drivers from connecting.

    PyMySQL has TypeError for an option it does not know, RuntimeError for a way to sign in that it lacks, OSError for
    a certificate that is not there, and reads option files as configparser does.
    """
    return _told(
        SQLAlchemyError,
        ImportError,
        TypeError,
        ValueError,
        RuntimeError,
        OSError,
        configparser.Error,
    )


def reading() -> AbstractContextManager[None]:
    """SourceUnreadable for a database that fails later."""
    return _told(SQLAlchemyError)


@contextmanager
def _told(*kinds: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        raise _unreadable(_said(error)) from None


def _unreadable(reason: str) -> SourceUnreadable:
    return SourceUnreadable(f"Glance's database cannot be read: {reason}")


def _said(error: Exception) -> str:
    """The server's sentence, which PyMySQL keeps beside a number. No line of an option file, no part of an address:
    passwords stand there.
    """
    if isinstance(error, configparser.Error):
        return "the option file that the address names cannot be understood"
    if isinstance(error, InvalidRequestError) and "table" in str(error):
        return f"it lacks tables of Glance's: {first_line(error).rpartition(': ')[2].strip('()')}"
    if isinstance(error, OSError):
        return f"a file that the address names: {error.strerror}"
    cause = getattr(error, "orig", None) or error
    number, *texts = cause.args or ("",)
    return first_line(Exception(texts[0]) if isinstance(number, int) and texts else cause)
