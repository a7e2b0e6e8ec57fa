"""Requests to Keystone: as the service's own user, or with what a person gave.

::

    Keystone's answer                                   what is raised or returned
    ──────────────────────────────────────────────────  ─────────────────────────────
    what was asked for                                   the response
    401, 403, 404 to somebody else's token or password   `Refused`
    the service's own user is refused                    KeystoneUnavailable
    no connection, no answer in time, 5xx, no JSON       KeystoneUnavailable
    it was away a moment ago (`Presence`)                KeystoneUnavailable, not asked
"""

import logging
import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from threading import Lock
from typing import Any, TypeVar

from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from keystoneauth1.session import Session, TCPKeepAliveAdapter

from catalog.conf import section
from identity.errors import KeystoneUnavailable
from identity.keystone.conf import KeystoneConfig
from identity.keystone.presence import Away, Presence

log = logging.getLogger(__name__)

CONNECTIONS = 32
"""Connections that a process keeps open: more threads than these never ask at the same time."""
RETRY_DELAY = 0.2
STEPS = 3
"""Requests that one question may take: signing in, finding the endpoint, asking."""
AGAIN = [502, 503, 504]
AWAY = "it could not be reached a moment ago"
HEADERS = {"Accept": "application/json"}
T = TypeVar("T")


class Refused(Exception):
    """Keystone does not know the token, the user or the password; or they may not do this."""


class Connection:
    """One process's way to Keystone; safe from threads, connections are kept open and used again."""

    def __init__(self, config: KeystoneConfig) -> None:
        self.config = config
        self._service = self._signed_in(
            project_name=config.project, project_domain_name=config.project_domain
        )
        self._system = self._signed_in(system_scope="all")
        self._session = Session(
            verify=str(config.cafile) if config.cafile else True,
            timeout=config.timeout,
            app_name="vitrine",
            redirect=0,
        )
        self._presence = Presence(
            seconds=config.away_seconds,
            patience=(config.timeout + RETRY_DELAY) * (config.retries + 1) * STEPS,
        )
        self._signing_in = Lock()
        for scheme in ("http://", "https://"):
            adapter = TCPKeepAliveAdapter(pool_maxsize=CONNECTIONS)
            self._session.session.mount(scheme, adapter)

    def as_service(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """What Keystone answers the service's user to a GET; Refused for 404."""
        try:
            return self._get(self._service, path, headers=headers, params=params)
        except (exceptions.Unauthorized, exceptions.Forbidden) as error:
            raise _down(f"it refuses this service's own user: {_first_line(error)}") from None

    def as_system(self, path: str) -> Any:
        """The same for what needs a role on the system; Refused when the service's user has none."""
        try:
            return self._get(self._system, path)
        except (exceptions.Unauthorized, exceptions.Forbidden):
            raise Refused from None

    def _get(
        self,
        auth: v3.Password,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        try:
            with self._presence.watching():
                self._sign_in(auth)
                answer = self._session.get(
                    path,
                    auth=auth,
                    endpoint_filter=self.endpoint,
                    headers=HEADERS | dict(headers or {}),
                    params=dict(params or {}),
                    **self._patience,
                )
        except (exceptions.Unauthorized, exceptions.Forbidden):
            raise
        except Away:
            raise _down(AWAY) from None
        except exceptions.NotFound:
            raise Refused from None
        except exceptions.CatalogException:
            raise _down(f"its catalog has no {self.config.interface} identity endpoint") from None
        except exceptions.ClientException as error:
            raise _down(_first_line(error)) from None
        return _json(answer.json)

    def _sign_in(self, auth: v3.Password) -> None:
        """One thread gets the service's token; when it cannot, those who waited for it do not try one by one."""
        failures = self._presence.failures
        with self._signing_in:
            if self._presence.failures != failures:
                raise Away
            try:
                auth.get_access(self._session)
            except exceptions.ConnectionError:
                self._presence.failed()  # before the next one has the lock
                raise

    def as_bearer(self, path: str, token: str) -> Any:
        """What Keystone answers to a GET with this token; Refused when it is not good, or not for that."""
        return _json(self._plain("GET", path, headers={"X-Auth-Token": token}).json)

    def issue(self, identity: Mapping[str, Any], scope: Any) -> tuple[str, dict[str, Any]]:
        """A token and its document, for what proves somebody's identity; Refused when it proves nothing."""
        body = {"auth": {"identity": dict(identity), "scope": scope}}
        answer = self._plain("POST", "/auth/tokens", json=body)
        document: dict[str, Any] = _json(answer.json)["token"]
        return answer.headers["X-Subject-Token"], document

    def revoke(self, token: str) -> None:
        """End somebody's token; Refused when it has ended already."""
        self._plain(
            "DELETE", "/auth/tokens", headers={"X-Auth-Token": token, "X-Subject-Token": token}
        )

    def check(self) -> None:
        """Whether Keystone answers and accepts the service's user."""
        self.as_service("/")

    def _signed_in(self, **scope: Any) -> v3.Password:
        return v3.Password(
            auth_url=self.config.auth_url,
            username=self.config.username,
            password=self.config.password,
            user_domain_name=self.config.user_domain,
            **scope,
        )

    @property
    def endpoint(self) -> dict[str, Any]:
        found = {"service_type": "identity", "interface": self.config.interface, "version": (3,)}
        return found | ({"region_name": self.config.region} if self.config.region else {})

    @property
    def _patience(self) -> dict[str, Any]:
        return {
            "connect_retries": self.config.retries,
            "connect_retry_delay": RETRY_DELAY,
            "status_code_retries": self.config.retries,
            "status_code_retry_delay": RETRY_DELAY,
            "retriable_status_codes": AGAIN,
            "log": False,  # it would write tokens and passwords, masked or not
        }

    def _plain(self, method: str, path: str, **options: Any) -> Any:
        """A request without the service's user, to where people's tokens come from."""
        options["headers"] = HEADERS | options.get("headers", {})
        url = self.config.auth_url.rstrip("/") + path
        try:
            with self._presence.watching():
                return self._session.request(
                    url, method, authenticated=False, **self._patience, **options
                )
        except (
            exceptions.Unauthorized,
            exceptions.Forbidden,
            exceptions.NotFound,
            exceptions.BadRequest,
        ):
            raise Refused from None
        except Away:
            raise _down(AWAY) from None
        except exceptions.ClientException as error:
            raise _down(_first_line(error)) from None


def connection() -> Connection:
    """The connection of the process; none is shared with a process that it was forked from."""
    return _connection(os.getpid(), section(KeystoneConfig))


def check() -> None:
    """KeystoneUnavailable when Keystone does not answer, or not to this service."""
    connection().check()


@lru_cache(maxsize=2)
def _connection(_pid: int, config: KeystoneConfig) -> Connection:
    return Connection(config)


def _down(reason: str) -> KeystoneUnavailable:
    log.warning("Keystone cannot be used: %s", reason)
    return KeystoneUnavailable(
        "Keystone does not answer as it should, so nobody can be let in; try again in a moment.",
        headers={"Retry-After": "5"},
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _json(read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError:
        raise _down("it answers something that is not JSON") from None
