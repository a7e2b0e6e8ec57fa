"""Settings of the test run: everything in a temporary folder, both databases by one variable.

`VITRINE_TEST_DATABASE=postgresql` runs the same tests on the server that `VITRINE_TEST_POSTGRES_URL` names.
"""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="vitrine-test-")
_owner = os.getpid()


def _clean() -> None:
    if os.getpid() == _owner:
        shutil.rmtree(_folder, ignore_errors=True)


atexit.register(_clean)
for _name in [
    n for n in os.environ if n.startswith("VITRINE_") and not n.startswith("VITRINE_TEST_")
]:
    del os.environ[_name]
os.environ["VITRINE_DATA_DIR"] = _folder
os.environ["VITRINE_SECRET_KEY"] = "test-only"  # noqa: S105 - of the tests
os.environ["VITRINE_LOG_LEVEL"] = "WARNING"
os.environ["VITRINE_ARTIFACTS_RESTORE_GRACE"] = (
    "0"  # what is deleted is gone, unless a test says otherwise
)

from settings import base  # noqa: E402
from settings.base import *  # noqa: E402, F403

if os.environ.get("VITRINE_TEST_DATABASE") == "postgresql":
    from settings.databases import database
    from settings.sections import DatabaseConfig

    _server = DatabaseConfig(url=os.environ["VITRINE_TEST_POSTGRES_URL"])
    DATABASES = {"default": database(_server, base.DATA_DIR)}
    # Two runs at once may share a server.
    DATABASES["default"] |= {"CONN_MAX_AGE": 0, "TEST": {"NAME": f"test_vitrine_{_owner}"}}
else:
    DATABASES = base.DATABASES
    DATABASES["default"]["TEST"] = {"NAME": f"{_folder}/test.sqlite3"}

JOB_HINT = "tests.support.hints.remember"
