"""RabbitMQ with a node name, an epmd, a cookie and a database of its own, all on loopback."""

from pathlib import Path

from . import ports
from .service import Service

# Debian's wrapper insists on the account `rabbitmq` and its folders; this is the script behind it.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
EPMD = Path("/usr/bin/epmd")

CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
# The disk of a busy machine is not what tests are about: an alarm would block publishers.
disk_free_limit.absolute = 1MB
# What it refuses for its size need not be large then.
max_message_size = 1048576
"""
ERLANG_OPTIONS = (
    # Other nodes, rabbitmqctl among them, may only come from this machine.
    "-kernel inet_dist_use_interface {127,0,0,1}",
    # Idle schedulers sleep rather than spin: the cores are shared with the tests.
    "+sbwt none +sbwtdcpu none +sbwtdio none",
)
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME_ON_CHANNEL_0 = b"\x01\x00\x00"


class RabbitMQ(Service):
    """One node with the stock user guest and virtual host /; no plugins."""

    name = "rabbitmq"
    variable = "VITRINE_TEST_RABBITMQ_URL"
    port_names = ("main", "dist", "epmd")

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def missing_packages(self) -> list[str]:
        return [] if SERVER.exists() else ["rabbitmq-server"]

    def prepare(self) -> None:
        (self.home / "rabbitmq.conf").write_text(CONFIGURATION.format(port=self.port))
        (self.home / "enabled_plugins").write_text("[].\n")
        (self.home / "environment.conf").touch()

    def command(self) -> list[str]:
        return [str(SERVER)]

    def environment(self) -> dict[str, str]:
        return self._epmd() | {
            "RABBITMQ_NODENAME": f"vitrine-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self.state.ports["dist"]),
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "environment.conf"),  # else the machine's own
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.home / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(ERLANG_OPTIONS),
            # The script then becomes the server instead of waiting for it: one pid to watch.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def healthy(self) -> bool:
        answer = ports.exchange(self.port, PROTOCOL_HEADER, len(METHOD_FRAME_ON_CHANNEL_0))
        return answer == METHOD_FRAME_ON_CHANNEL_0

    def clean_up(self) -> None:
        """End the port mapper, which Erlang started beside the node and left running."""
        if self.state.ports and EPMD.exists():
            self.account.spawn([str(EPMD), "-kill"], self.home, self.log, self._epmd()).wait()

    def _epmd(self) -> dict[str, str]:
        return {"ERL_EPMD_PORT": str(self.state.ports["epmd"]), "ERL_EPMD_ADDRESS": "127.0.0.1"}
