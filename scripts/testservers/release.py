"""Elasticsearch's server, unpacked from Maven Central into the cache.

Elastic publishes neither the server nor modules such as reindex and lang-painless there; the
SonarQube Community Build carries them unmodified, and `elasticsearch.xml` takes what one plain node
needs.  The parts are under the Elastic License, SSPL or AGPL: fetched for tests, not redistributed.
"""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import ServiceError
from .folders import cache, locked
from .report import say

POM = Path(__file__).with_name("elasticsearch.xml")


@dataclass(frozen=True)
class Release:
    """An Elasticsearch, the SonarQube that carries it, and the hash of its main jar."""

    version: str
    carrier: str
    sha256: str
    minimum_java: int

    @property
    def home(self) -> Path:
        return cache() / f"elasticsearch-{self.version}"

    def fetched(self) -> bool:
        return self.home.is_dir()

    def fetch(self, name: str) -> None:
        """Unpack the server into the cache, unless it is there."""
        if self.fetched():  # perhaps by somebody else, in a cache that we may only read
            return
        cache().mkdir(parents=True, exist_ok=True)
        with locked(cache() / f".elasticsearch-{self.version}.lock"):
            if self.fetched():
                return
            say(name, f"fetching Elasticsearch {self.version}, a download of about 0.95 GB")
            part = self.home.with_name(self.home.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            self._unpack(part)
            self._verify(part)
            self._finish(part)
            part.rename(self.home)

    def _unpack(self, target: Path) -> None:
        """Let Maven do it, in a repository of its own, from which the download can be dropped."""
        repository = cache() / "maven"
        command = ["mvn", "--batch-mode", "--quiet", "--file", str(POM)]
        command += [f"-Dcarrier={self.carrier}", f"-Dtarget={target}"]
        command += [f"-Dmaven.repo.local={repository}"]
        # --strict-checksums: Maven would only warn about a damaged download.
        command += ["--strict-checksums", "generate-resources"]
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        shutil.rmtree(repository / "org/sonarsource", ignore_errors=True)
        if done.returncode:
            reason = done.stdout[-3000:]
            raise ServiceError(f"Maven could not fetch Elasticsearch {self.version}:\n{reason}")

    def _finish(self, target: Path) -> None:
        """Complete the tree, and let every account read it: the archive's modes do not."""
        shutil.rmtree(target / ".markers")
        (target / "plugins").mkdir()  # the server wants the folder, though empty
        for path in [target, *target.rglob("*")]:
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))

    def _verify(self, target: Path) -> None:
        jar = target / f"lib/elasticsearch-{self.version}.jar"
        if not jar.exists() or hashlib.sha256(jar.read_bytes()).hexdigest() != self.sha256:
            raise ServiceError(f"what Maven fetched is not Elasticsearch {self.version}")
