"""A budget of something scarce that is used for a while, bytes or waits: so much together, and so much for each key."""

from collections import Counter

from catalog.errors import Unavailable


class CapacityBudget:
    """At most `total` are used at once, and at most `share` of them by one key."""

    def __init__(self, *, total: int, share: int) -> None:
        self._total, self.share = total, share
        self._used: Counter[str] = Counter()
        self.used = 0

    def reserve(self, key: str, amount: int) -> None:
        """Unavailable when that is too much, for all or for this key; nothing is taken then."""
        if self.used + amount > self._total:
            raise Unavailable("too many requests at once", headers=_HEADERS)
        if self._used[key] + amount > self.share:
            raise Unavailable("too many requests at once from one sender", headers=_HEADERS)
        self._used[key] += amount
        self.used += amount

    def release(self, key: str, amount: int) -> None:
        self.used -= amount
        self._used[key] -= amount
        if not self._used[key]:
            del self._used[key]


_HEADERS = {"Connection": "close", "Retry-After": "1"}
