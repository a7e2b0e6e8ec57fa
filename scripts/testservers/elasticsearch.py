"""Elasticsearch, started by its own launcher classes: the carrier leaves the start script out."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from . import java, ports
from .errors import ServiceError, StartFailed
from .folders import write_whole
from .processes import Process
from .release import Release
from .service import Service

CONFIGURATION = """\
cluster.name: vitrine-tests
node.name: vitrine-tests
discovery.type: single-node
network.host: 127.0.0.1
http.port: {port}
transport.port: {transport}
path.data: {home}/data
path.logs: {home}/logs
xpack.security.enabled: false
# A nearly full disk must not make indices read-only in the middle of a test.
cluster.routing.allocation.disk.threshold_enabled: false
"""
# A small heap that grows when needed: Elastic's default touches all of it at the start.
SMALL_HEAP = ("-Xms128m", "-Xmx512m", "-XX:-AlwaysPreTouch")
# The quick compiler alone halves the work of a start; a benchmark wants the thorough one as well.
QUICK_START = "-XX:TieredStopAtLevel=1"


class Elasticsearch(Service):
    """One node without security and without replicas, on a small heap."""

    name = "elasticsearch"
    variable = "VITRINE_TEST_ELASTICSEARCH_URL"
    port_names = ("main", "transport")
    release: ClassVar[Release] = Release(
        version="8.19.13",
        carrier="26.6.0.123539",
        sha256="ac1fc31418ad969af59a0a98fb218737ca92f1bf4771a0b01e603f910baf9d86",
        minimum_java=17,
    )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.home / "config"

    def missing_packages(self) -> list[str]:
        """A JDK where Debian has one that will do, and Maven until the server is unpacked."""
        missing = []
        least = self.release.minimum_java
        if java.find(least) is None and least <= java.DEBIANS:
            missing.append(java.PACKAGE)
        if not self.release.fetched() and not shutil.which("mvn"):
            missing.append("maven")
        return missing

    def fetch(self) -> None:
        self._java_home()  # before the long download
        self.release.fetch(self.name)

    def prepare(self) -> None:
        self.account.require_access(self.release.home, self.release.home / "lib")
        (self.config / "jvm.options.d").mkdir(parents=True, exist_ok=True)
        self.account.own(self.config)  # the server keeps its keystore beside the configuration
        for folder in ("data", "logs", "tmp"):
            (self.home / folder).mkdir(exist_ok=True)
            self.account.own(self.home / folder)
        if self._node_log.exists():  # of an earlier start; not to be shown when this one fails
            self._node_log.rename(self._node_log.with_suffix(".log.earlier"))
        self._write_configuration()

    def _write_configuration(self) -> None:
        transport = self.state.ports["transport"]
        text = CONFIGURATION.format(port=self.port, transport=transport, home=self.home)
        write_whole(self.config / "elasticsearch.yml", text)
        shipped = self.release.home / "config"
        options = (shipped / "jvm.options").read_text().splitlines(keepends=True)
        # Without the garbage collection log, whose path is relative to the working folder.
        kept = [line for line in options if not line.startswith("-Xlog:gc")]
        write_whole(self.config / "jvm.options", "".join(kept))
        chosen = os.environ.get("VITRINE_ELASTICSEARCH_JVM", QUICK_START).split()
        ours = "".join(f"{option}\n" for option in (*SMALL_HEAP, *chosen))
        write_whole(self.config / "jvm.options.d/tests.options", ours)
        logging = (shipped / "log4j2.properties").read_text()
        write_whole(self.config / "log4j2.properties", logging)

    def command(self) -> list[str]:
        """Elastic's launcher: it prepares the server's process, and returns once that is up."""
        program = str(self._java_home() / "bin/java")
        small = ["-Xms4m", "-Xmx64m", "-XX:+UseSerialGC", QUICK_START]
        return [program, *small, *self.launcher(), "-d", "-p", str(self._pid_file)]

    def launcher(self) -> list[str]:
        """The launcher's options and class, as bin/elasticsearch would pass them."""
        home = self.release.home
        properties = {
            "cli.name": "server",
            "cli.script": f"{home}/bin/elasticsearch",
            "cli.libs": "lib/tools/server-cli",
            "es.path.home": str(home),
            "es.path.conf": str(self.config),
            "es.distribution.type": "zip",
            "es.java.type": "ES_JAVA_HOME",
        }
        options = [f"-D{key}={value}" for key, value in properties.items()]
        class_path = f"{home}/lib/*:{home}/lib/cli-launcher/*"
        return [*options, "-cp", class_path, "org.elasticsearch.launcher.CliToolLauncher"]

    def environment(self) -> dict[str, str]:
        java_home = self._java_home()
        return {
            "ES_HOME": str(self.release.home),
            "ES_PATH_CONF": str(self.config),
            "ES_TMPDIR": str(self.home / "tmp"),
            "ES_DISTRIBUTION_TYPE": "zip",
            "ES_JAVA_HOME": str(java_home),
            "JAVA": f"{java_home}/bin/java",
            "JAVA_TYPE": "ES_JAVA_HOME",
            "HOSTNAME": "localhost",
        }

    def launch(self) -> Process:
        """Wait for the launcher, then take over the server that it left running."""
        self._pid_file.unlink(missing_ok=True)
        launcher = self.account.spawn(
            self.command(), self.home, self.log, self.environment(), cwd=self.release.home
        )
        # Should this program be interrupted, the next one finds the launcher, and then the server.
        self.remember(Process.find(launcher.pid))
        try:
            code = launcher.wait(self.timeout)
        except subprocess.TimeoutExpired:
            self.end()
            raise StartFailed(f"not up after {self.timeout:.0f} s") from None
        server = self._server()
        if code or server is None:
            raise StartFailed(f"the launcher ended with exit code {code}")
        return server

    def running(self) -> bool:
        if not super().running():
            self.state.process = self._server()
        return super().running()

    def _server(self) -> Process | None:
        """The process of the pid file, if it still is this server."""
        try:
            process = Process.find(int(self._pid_file.read_text()))
        except (FileNotFoundError, ValueError):
            return None
        ours = f"-Djava.io.tmpdir={self.home}/tmp"
        return process if process and ours in process.arguments() else None

    def healthy(self) -> bool:
        return ports.answers(f"{self.url}/_cluster/health?wait_for_status=yellow&timeout=1s")

    def logs(self) -> list[Path]:
        return [self.log, self._node_log]

    @property
    def _node_log(self) -> Path:
        return self.home / "logs/vitrine-tests.log"

    @property
    def _pid_file(self) -> Path:
        return self.home / "elasticsearch.pid"

    def _java_home(self) -> Path:
        found = java.find(self.release.minimum_java)
        if found is None:
            least = self.release.minimum_java
            raise ServiceError(
                f"needs a full JDK {least} or newer; name one with VITRINE_JAVA_HOME"
            )
        return found


class Elasticsearch9(Elasticsearch):
    """The next major version; Debian 12 has no JDK for it."""

    name = "elasticsearch9"
    variable = "VITRINE_TEST_ELASTICSEARCH9_URL"
    release = Release(
        version="9.4.3",
        carrier="26.9.0.129388",
        sha256="dc16e94ec5b48015db1f92917f927409439c21571daf5c53ebd9f4d9cd0c47e7",
        minimum_java=21,
    )

    def launcher(self) -> list[str]:
        tools = self.release.home / "lib/tools/server-launcher"
        return ["-cp", f"{tools}/*", "org.elasticsearch.server.launcher.ServerLauncher"]
