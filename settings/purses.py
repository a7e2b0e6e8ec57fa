"""What is scarce and held for a while, bytes or places: how much together, and how much for each holder."""

from collections import Counter

from catalog.errors import Unavailable


class Purse:
    """At most `total` are held at once, and at most `share` of them by one holder."""

    def __init__(self, *, total: int, share: int) -> None:
        self._total, self.share = total, share
        self._by_holder: Counter[str] = Counter()
        self.held = 0

    def take(self, holder: str, amount: int) -> None:
        """Unavailable when that is too much, for all or for this holder; nothing is taken then."""
        if self.held + amount > self._total:
            raise Unavailable("too many requests at once", headers=_TOLD)
        if self._by_holder[holder] + amount > self.share:
            raise Unavailable("too many requests at once from one sender", headers=_TOLD)
        self._by_holder[holder] += amount
        self.held += amount

    def give_back(self, holder: str, amount: int) -> None:
        self.held -= amount
        self._by_holder[holder] -= amount
        if not self._by_holder[holder]:
            del self._by_holder[holder]


_TOLD = {"Connection": "close", "Retry-After": "1"}
