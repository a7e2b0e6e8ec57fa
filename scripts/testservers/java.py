"""Finding a JDK that can run Elasticsearch."""

import os
import re
from pathlib import Path

from .errors import ServiceError

HOMES = Path("/usr/lib/jvm")
DEBIANS = 17  # the newest JDK of Debian 12
PACKAGE = "openjdk-17-jdk-headless"


def version(home: Path) -> int:
    """The feature release of a full JDK; 0 for others: Elasticsearch needs more than a JRE."""
    release = home / "release"
    if not all(part.exists() for part in (home / "bin/java", home / "bin/jlink", release)):
        return 0
    found = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def find(at_least: int) -> Path | None:
    """VITRINE_JAVA_HOME, or the oldest full JDK that will do: the nearest to the server's own."""
    if chosen := os.environ.get("VITRINE_JAVA_HOME"):
        if version(Path(chosen)) < at_least:
            raise ServiceError(f"VITRINE_JAVA_HOME={chosen} is not a full JDK {at_least} or newer")
        return Path(chosen)
    homes = {Path(os.environ["JAVA_HOME"])} if os.environ.get("JAVA_HOME") else set()
    homes |= {entry.resolve() for entry in HOMES.glob("*")}
    usable = [home for home in homes if version(home) >= at_least]
    return min(usable, key=version, default=None)
