"""Slowing down who guesses passwords: counters in the database, shared by all processes; nobody sleeps.

Three counters are kept for a failed attempt. Each lets some failures pass and then doubles the time to wait:

========================  =====================================  =======================
counter                   free failures                          longest wait
========================  =====================================  =======================
user from an address      ``login_free_attempts``                ``login_longest_delay``
user from anywhere        four times as many                     one minute
address, whoever it asks  six times as many                      ``login_longest_delay``
========================  =====================================  =======================

From an address from which the user signed in before, only the first counts, and for a minute at most: strangers
cannot lock the owner out. A refused attempt is not counted, and an hour without failures forgets all.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from math import ceil

from django.db import IntegrityError
from django.db.models import Case, F, Value, When

from catalog.clock import database_time
from catalog.conf import section
from identity.conf import IdentityConfig
from identity.errors import SignInSlowed
from identity.models import FailedLogin, KnownAddress

KINDLY = 60
FORGET = timedelta(hours=1)
KNOWN_FOR = timedelta(days=30)
SWEEP = 20


@dataclass(frozen=True, slots=True)
class Counter:
    """A subject with its limits, in failures and seconds."""

    subject: str
    free: int
    longest: int

    @property
    def key(self) -> str:
        return sha256(self.subject.encode(errors="surrogatepass")).hexdigest()

    def delay(self, failures: int) -> timedelta:
        over = failures - self.free
        seconds = 0 if over < 0 else min(2 ** min(over, 30), self.longest)
        return timedelta(seconds=seconds)


def network(address: str) -> str:
    """The address, or the /64 of an IPv6 address: who has one of those has them all."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed)


def counters(who: str, address: str, *, known: bool) -> tuple[Counter, ...]:
    """The counters that bind an attempt to be `who` (a user's id, or a stand-in for nobody) from an address."""
    config = section(IdentityConfig)
    free, longest = config.login_free_attempts, config.login_longest_delay
    pair = Counter(f"user {who} from {address}", free, min(longest, KINDLY) if known else longest)
    if known:
        return (pair,)
    return (
        pair,
        Counter(f"user {who}", free * 4, min(longest, KINDLY)),
        Counter(f"address {address}", free * 6, longest),
    )


def check(binding: Iterable[Counter]) -> None:
    """SignInSlowed when one of the counters says to wait; it names the longest wait."""
    by_key = {counter.key: counter for counter in binding}
    moment = database_time()
    wait = timedelta()
    for row in FailedLogin.objects.filter(pk__in=by_key, last_failed_at__gt=moment - _memory()):
        wait = max(wait, row.last_failed_at + by_key[row.key].delay(row.failures) - moment)
    if wait > timedelta():
        seconds = ceil(wait.total_seconds())
        raise SignInSlowed(
            f"Too many failed attempts to sign in; try again in {seconds} s.",
            retry_after=seconds,
            headers={"Retry-After": str(seconds)},
        )


def failed(binding: Iterable[Counter]) -> None:
    """Count a failure; one statement per row, since two failures may meet on any of them."""
    moment = database_time()
    again = Case(
        When(last_failed_at__lt=moment - _memory(), then=Value(1)), default=F("failures") + 1
    )
    for counter in binding:
        rows = FailedLogin.objects.filter(pk=counter.key)
        if not rows.update(failures=again, last_failed_at=moment):
            row = FailedLogin(key=counter.key, subject=counter.subject[:400], last_failed_at=moment)
            FailedLogin.objects.bulk_create([row], ignore_conflicts=True)
            rows.update(failures=F("failures") + 1, last_failed_at=moment)
    _sweep(moment)


def succeeded(user_id: str, address: str, binding: tuple[Counter, ...]) -> None:
    """Forget the user's failures from this address, and know the address from now on."""
    forget(binding)
    moment = database_time()
    rows = KnownAddress.objects.filter(user_id=user_id, address=address)
    if rows.filter(seen_at__gt=moment - timedelta(days=1)).exists():
        return
    if rows.update(seen_at=moment):
        return
    row = KnownAddress(user_id=user_id, address=address, seen_at=moment)
    with suppress(IntegrityError):  # the user was deleted meanwhile
        KnownAddress.objects.bulk_create([row], ignore_conflicts=True)
    KnownAddress.objects.filter(user_id=user_id, seen_at__lt=moment - KNOWN_FOR).delete()


def forget(binding: tuple[Counter, ...]) -> None:
    """Forget the failures from this address."""
    FailedLogin.objects.filter(pk=binding[0].key).delete()


def is_known(user_id: str, address: str) -> bool:
    rows = KnownAddress.objects.filter(user_id=user_id, address=address)
    return rows.filter(seen_at__gt=database_time() - KNOWN_FOR).exists()


def _memory() -> timedelta:
    """Failures are remembered for longer than the longest wait."""
    return max(FORGET, timedelta(seconds=2 * section(IdentityConfig).login_longest_delay))


def _sweep(moment: datetime) -> None:
    """Remove some forgotten counters, so that invented names do not pile up."""
    old = FailedLogin.objects.filter(last_failed_at__lt=moment - _memory())
    keys = list(old.order_by("last_failed_at").values_list("pk", flat=True)[:SWEEP])
    if keys:
        FailedLogin.objects.filter(pk__in=keys, last_failed_at__lt=moment - _memory()).delete()
