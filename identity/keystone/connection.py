"""Requests to Keystone: as the service's own user, or with what a person gave.

::

    Keystone's answer                                   what is raised or returned
    ──────────────────────────────────────────────────  ─────────────────────────────
    what was asked for                                   what the caller's reader makes of it
    401, 403, 404 to somebody else's token or password   `Refused`
    the service's own user is refused                    KeystoneUnavailable
    no connection, no answer in time, 5xx                KeystoneUnavailable
    what is no JSON, or of another shape than promised   KeystoneUnavailable
    it was away a moment ago (`CircuitBreaker`)          KeystoneUnavailable, not asked
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any, TypeVar

from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from keystoneauth1.session import Session, TCPKeepAliveAdapter

from catalog.circuit_breaker import CircuitBreaker, CircuitOpen
from catalog.conf import section
from catalog.errors import first_line
from identity.errors import KeystoneUnavailable
from identity.keystone.answers import Malformed, Part
from identity.keystone.conf import KeystoneConfig
from identity.keystone.tokens import ValidToken, plausible
from identity.keystone.tokens import read as read_token

log = logging.getLogger(__name__)

CONNECTIONS = 32
"""Connections that a process keeps open: more threads than these never ask at the same time."""
RETRY_DELAY = 0.2
STEPS = 3
"""Requests that one question may take: signing in, finding the endpoint, asking."""
AGAIN = [502, 503, 504]
SORRY = "Keystone does not answer as it should, so nobody can be let in; try again in a moment."
REFUSALS = (
    exceptions.Unauthorized,
    exceptions.Forbidden,
    exceptions.NotFound,
    exceptions.BadRequest,
)
AWAY = "it could not be reached a moment ago"
HEADERS = {"Accept": "application/json"}
NOT_UNDERSTOOD = (
    AssertionError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What is raised when an answer is of another shape: by keystoneauth1; our own readers raise Malformed."""
T = TypeVar("T")


class Refused(Exception):
    """Keystone does not know the token, the user or the password; or they may not do this."""


class Connection:
    """One process's way to Keystone; safe from threads, connections are kept open and used again."""

    def __init__(self, config: KeystoneConfig) -> None:
        self.config = config
        self._discovered: dict[str, Any] = {}
        self._begin()
        self._session = Session(
            discovery_cache=self._discovered,
            verify=str(config.cafile) if config.cafile else True,
            timeout=config.timeout,
            app_name="vitrine",
            redirect=0,
        )
        self._breaker = CircuitBreaker(
            seconds=config.away_seconds,
            patience=(config.timeout + RETRY_DELAY) * (config.retries + 1) * STEPS,
            failure=exceptions.ConnectionError,
        )
        self._signing_in = Lock()
        for scheme in ("http://", "https://"):
            adapter = TCPKeepAliveAdapter(pool_maxsize=CONNECTIONS)
            self._session.session.mount(scheme, adapter)

    def as_service(
        self,
        path: str,
        read: Callable[[Part], T],
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> T:
        """What Keystone answers the service's user to a GET; Refused for 404."""
        try:
            return self._get(self._service, path, read, headers=headers, params=params)
        except (exceptions.Unauthorized, exceptions.Forbidden) as error:
            raise unavailable(f"it refuses this service's own user: {first_line(error)}") from None

    def as_system(self, path: str, read: Callable[[Part], T]) -> T:
        """The same for what needs a role on the system; Refused when the service's user has none."""
        try:
            return self._get(self._system, path, read)
        except (exceptions.Unauthorized, exceptions.Forbidden):
            raise Refused from None

    def _get(
        self,
        auth: v3.Password,
        path: str,
        read: Callable[[Part], T],
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> T:
        with self._understanding():
            try:
                with self._breaker.guarding():
                    self._sign_in(auth)
                    answer = self._session.get(
                        path,
                        auth=auth,
                        endpoint_filter=self.endpoint,
                        headers=HEADERS | dict(headers or {}),
                        params=dict(params or {}),
                        **self._patience,
                    )
            except exceptions.NotFound:
                raise Refused from None
            return read(_body(answer))

    @contextmanager
    def _understanding(self) -> Iterator[None]:
        """The one place that decides what becomes of an answer which does not serve: KeystoneUnavailable.

        What the service has been told about itself may be wrong then, and is asked anew.
        Unauthorized, Forbidden and Refused mean different things to different callers, and pass.
        """
        try:
            yield
        except (exceptions.Unauthorized, exceptions.Forbidden):
            raise
        except CircuitOpen:
            raise unavailable(AWAY) from None
        except (exceptions.ConnectionError, exceptions.HttpError) as error:
            raise unavailable(first_line(error)) from None
        except Malformed as error:
            raise unavailable(f"its answer cannot be understood: {error}") from None
        except exceptions.CatalogException:
            self._begin()
            reason = f"its catalog has no {self.config.interface} identity endpoint"
            raise unavailable(reason) from None
        except exceptions.ClientException as error:
            self._begin()
            raise unavailable(first_line(error)) from None
        except NOT_UNDERSTOOD as error:  # its text may quote the answer
            self._begin()
            reason = f"its answer cannot be understood: {type(error).__name__} in keystoneauth1"
            raise unavailable(reason) from None

    def _begin(self) -> None:
        """Sign in anew from now on; threads on their way keep what they have."""
        self._discovered.clear()
        self._service = self._signed_in(
            project_name=self.config.project, project_domain_name=self.config.project_domain
        )
        self._system = self._signed_in(system_scope="all")

    def _sign_in(self, auth: v3.Password) -> None:
        """One thread gets the service's token; when it cannot, those who waited for it do not try one by one."""
        failures = self._breaker.failures
        with self._signing_in:
            if self._breaker.failures != failures:
                raise CircuitOpen
            try:
                access = auth.get_access(self._session)
                if not plausible(access.auth_token) or access.expires is None:
                    self._begin()
                    raise Malformed("the token for this service's own user has no text or no end")
            except exceptions.NotFound:
                raise Malformed("nobody can sign in where VITRINE_KEYSTONE_AUTH_URL says") from None
            except exceptions.ConnectionError:
                self._breaker.record_failure()  # before the next one has the lock
                raise

    def as_bearer(self, path: str, read: Callable[[Part], T], token: str) -> T:
        """What Keystone answers to a GET with this token; Refused when it is not good, or not for that."""
        return self._plain(
            "GET", path, lambda answer: read(_body(answer)), headers={"X-Auth-Token": token}
        )

    def issue(self, identity: Mapping[str, Any], scope: Any) -> tuple[str, ValidToken]:
        """A token and what it stands for, for what proves somebody's identity; Refused when it proves nothing."""
        body = {"auth": {"identity": dict(identity), "scope": scope}}
        return self._plain("POST", "/auth/tokens", lambda answer: _issued(answer, scope), json=body)

    def check(self) -> None:
        """Whether Keystone answers and accepts the service's user."""
        self.as_service("/", lambda answer: answer.member("version").member("id").text())

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

    def _plain(self, method: str, path: str, read: Callable[[Any], T], **options: Any) -> T:
        """A request without the service's user, to where people's tokens come from."""
        options["headers"] = HEADERS | options.get("headers", {})
        url = self.config.auth_url.rstrip("/") + path
        with self._understanding():
            try:
                with self._breaker.guarding():
                    answer = self._session.request(
                        url, method, authenticated=False, **self._patience, **options
                    )
            except REFUSALS:
                raise Refused from None
            return read(answer)


def connection() -> Connection:
    """The connection of the process; none is shared with a process that it was forked from."""
    return _connection(os.getpid(), section(KeystoneConfig))


def check() -> None:
    """KeystoneUnavailable when Keystone does not answer, or not to this service."""
    connection().check()


@lru_cache(maxsize=2)
def _connection(_pid: int, config: KeystoneConfig) -> Connection:
    return Connection(config)


def unavailable(reason: str, message: str = SORRY) -> KeystoneUnavailable:
    """The error to raise; the log learns the reason, the caller the message."""
    log.warning("Keystone cannot be used: %s", reason)
    return KeystoneUnavailable(message, headers={"Retry-After": "5"})


def _body(answer: Any) -> Part:
    try:
        return Part(answer.json())
    except (ValueError, RecursionError):
        raise Malformed("it is not JSON") from None


def _issued(answer: Any, scope: Any) -> tuple[str, ValidToken]:
    token = answer.headers.get("X-Subject-Token", "")
    if not plausible(token):
        raise Malformed("there is no token in the header X-Subject-Token")
    found = read_token(_body(answer))
    actor = found.actor
    wanted = (scope["project"]["id"] if "project" in scope else None, "system" in scope)
    if (actor.project_id, actor.system) != wanted:
        raise Malformed("the token is not of the scope that was asked for")
    return token, found
