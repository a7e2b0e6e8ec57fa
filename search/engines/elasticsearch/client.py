"""The Elasticsearch client, with its errors told in ours.

Callers and unknown readers of `/healthz/ready` see these messages, so they name no host; the log has the reason.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from elastic_transport import (
    ConnectionError,  # noqa: A004 - the client's name
    ConnectionTimeout,
    TlsError,
    Transport,
    TransportApiResponse,
    TransportError,
)
from elasticsearch import ApiError, Elasticsearch
from typing_extensions import override

from catalog import outage_log
from catalog.bulkhead import Bulkhead, BulkheadFull
from catalog.circuit_breaker import CircuitBreaker, CircuitOpen
from search.errors import EngineUnavailable, IndexMissing, QueryRefused

log = logging.getLogger(__name__)


RETRIES = 2


class _GuardedTransport(Transport):
    """The transport to the cluster, behind a bulkhead and a circuit breaker."""

    breaker: CircuitBreaker
    bulkhead: Bulkhead
    permits: int

    @override
    def perform_request(self, *args: Any, **options: Any) -> TransportApiResponse:
        with self.bulkhead.permit(self.permits), self.breaker.guarding():
            return super().perform_request(*args, **options)


def connect(
    addresses: Sequence[str],
    *,
    timeout: float,
    ca_certs: str | None,
    waiters: int,
    away_seconds: float,
) -> Elasticsearch:
    """A client that spreads requests over the nodes and tries another one when a node is away.

    `waiters` requests are under way at once. When all nodes in a row could not be reached, nobody asks for
    `away_seconds`. What is then raised is for `told`.
    """
    secure = {"ca_certs": ca_certs} if ca_certs else {}
    client = Elasticsearch(
        list(addresses),
        request_timeout=timeout,
        max_retries=RETRIES,
        retry_on_timeout=False,
        transport_class=_GuardedTransport,
        **secure,  # type: ignore[arg-type] # the one option it may hold
    )
    transport = client.transport
    assert isinstance(transport, _GuardedTransport)  # noqa: S101 - for mypy: it was just asked for
    transport.bulkhead, transport.permits = Bulkhead(), waiters
    transport.breaker = CircuitBreaker(
        seconds=away_seconds,
        patience=timeout * (RETRIES + 1),
        failure=(ConnectionError, ConnectionTimeout),
        after=len(addresses),
    )
    return client


@contextmanager
def told(*, query: bool = False) -> Iterator[None]:
    """Errors of the client as EngineUnavailable; a refused `query` as QueryRefused."""
    try:
        yield
    except ApiError as error:
        if error.status_code == 404 and error.error == "index_not_found_exception":
            raise IndexMissing(
                "there is no index yet; the relay makes it when it starts"
            ) from error
        if query and error.status_code == 400:
            raise QueryRefused(f"the index cannot answer this: {reason(error)}") from error
        outage_log.tell(log, "Elasticsearch refused", reason=reason(error))
        if error.status_code in {401, 403}:
            raise EngineUnavailable(
                "Elasticsearch does not accept the credentials of VITRINE_SEARCH_URL"
            ) from error
        raise EngineUnavailable(
            f"Elasticsearch cannot serve this now ({error.status_code})"
        ) from error
    except CircuitOpen:
        raise EngineUnavailable("Elasticsearch could not be reached a moment ago") from None
    except BulkheadFull:
        raise EngineUnavailable("too many requests wait for Elasticsearch; try again") from None
    except TransportError as error:
        log.debug("Elasticsearch does not answer", extra={"reason": error.message})
        raise EngineUnavailable(f"Elasticsearch does not answer: {_kind(error)}") from error


def _kind(error: TransportError) -> str:
    match error:
        case TlsError():
            return "the encrypted connection failed"
        case ConnectionTimeout():
            return "time ran out"
        case _:
            return "the connection failed"


def reason(error: ApiError) -> str:
    """The innermost reason, shortened."""
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        found = body["error"]
        causes = found.get("root_cause") or [found]
        return str(causes[0].get("reason") or causes[0].get("type") or found.get("type"))[:500]
    return f"{error.error} ({error.status_code})"
