"""What is taken in of whom: a little of anybody, more of who is known, and never everything for one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from starlette.types import Scope

from catalog.errors import TooLarge, Unauthenticated, Unavailable
from settings import bodies
from settings.bodies import SMALL, Bodies, ClientGone, client_key
from settings.capacity import CapacityBudget

LIMIT = 4 * SMALL
TOTAL, SHARE = 8 * SMALL, 4 * SMALL


def scope(length: int | None, address: str = "192.0.2.1") -> Scope:
    headers = [(b"transfer-encoding", b"chunked")]
    if length is not None:
        headers = [(b"content-length", b"%d" % length)]
    return {"type": "http", "client": (address, 1), "headers": headers}


class Sender:
    """A client that sends parts, and what is known of it."""

    def __init__(self, *parts: int, name: str = "", leaves: bool = False) -> None:
        self._parts, self._name, self._leaves = list(parts), name, leaves
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        if not self._parts and self._leaves:
            return {"type": "http.disconnect"}
        size = self._parts.pop(0)
        more = self._leaves or bool(self._parts)
        return {"type": "http.request", "body": b"x" * size, "more_body": more}

    async def known(self) -> str:
        self.asked += 1
        if not self._name:
            raise Unauthenticated("who are you?")
        return self._name


@pytest.fixture
def budgets() -> tuple[CapacityBudget, CapacityBudget]:
    return CapacityBudget(total=TOTAL, share=SHARE), CapacityBudget(total=TOTAL, share=SHARE)


@pytest.fixture
def gathering(budgets: tuple[CapacityBudget, CapacityBudget]) -> Bodies:
    strangers, known = budgets
    return Bodies(limit=LIMIT, seconds=60, strangers=strangers, known=known)


@asynccontextmanager
async def held(gathering: Bodies, sender: Sender, asked: Scope) -> AsyncIterator[bytes]:
    with gathering.reservation(asked) as reserved:
        yield await gathering.gather(asked, sender.receive, reserved, sender.known)


def gathered(gathering: Bodies, sender: Sender, asked: Scope) -> int:
    async def run() -> int:
        async with held(gathering, sender, asked) as body:
            return len(body)

    return asyncio.run(run())


@pytest.mark.parametrize("declared", [True, False])
def test_nobody_is_asked_who_sends_a_small_body(gathering: Bodies, declared: bool) -> None:
    sender = Sender(SMALL // 2, SMALL // 2)
    assert gathered(gathering, sender, scope(SMALL if declared else None)) == SMALL
    assert sender.asked == 0


@pytest.mark.parametrize("declared", [True, False])
def test_a_longer_body_is_taken_of_who_is_known(
    gathering: Bodies, budgets: tuple[CapacityBudget, CapacityBudget], declared: bool
) -> None:
    sender = Sender(SMALL, SMALL, SMALL, name="ada")
    assert gathered(gathering, sender, scope(3 * SMALL if declared else None)) == 3 * SMALL
    assert sender.asked == 1
    assert [one.used for one in budgets] == [0, 0]


@pytest.mark.parametrize("declared", [True, False])
def test_a_longer_body_of_a_stranger_is_refused_and_not_kept(
    gathering: Bodies, budgets: tuple[CapacityBudget, CapacityBudget], declared: bool
) -> None:
    with pytest.raises(Unauthenticated) as refused:
        gathered(gathering, Sender(SMALL, 1), scope(SMALL + 1 if declared else None))
    assert refused.value.facts["headers"]["Connection"] == "close"
    assert [one.used for one in budgets] == [0, 0]


def test_nobody_sends_more_than_the_limit(gathering: Bodies) -> None:
    for asked in (scope(LIMIT + 1), scope(None)):
        with pytest.raises(TooLarge):
            gathered(gathering, Sender(LIMIT, 1, name="ada"), asked)


def test_a_client_that_leaves_leaves_nothing(
    gathering: Bodies, budgets: tuple[CapacityBudget, CapacityBudget]
) -> None:
    with pytest.raises(ClientGone):
        gathered(gathering, Sender(SMALL, 5, name="ada", leaves=True), scope(2 * SMALL))
    assert [one.used for one in budgets] == [0, 0]


@asynccontextmanager
async def several(gathering: Bodies, senders: list[tuple[Sender, Scope]]) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for sender, asked in senders:
            await stack.enter_async_context(held(gathering, sender, asked))
        yield


def test_one_address_or_one_sender_leaves_room_for_others(gathering: Bodies) -> None:
    async def run() -> None:
        strangers = [(Sender(SMALL), scope(SMALL)) for _ in range(4)]
        adas = [(Sender(LIMIT, name="ada"), scope(LIMIT))]
        async with several(gathering, [*strangers, *adas]):
            with pytest.raises(Unavailable, match="from one sender"):
                async with held(gathering, Sender(1), scope(1)):
                    pass
            with pytest.raises(Unavailable, match="from one sender"):
                async with held(gathering, Sender(2 * SMALL, name="ada"), scope(2 * SMALL)):
                    pass
            for other in (
                held(gathering, Sender(SMALL), scope(SMALL, "192.0.2.2")),
                held(gathering, Sender(LIMIT, name="bob"), scope(LIMIT)),
                held(gathering, Sender(SMALL, name="bob"), scope(SMALL, "192.0.2.3")),
            ):
                async with other as body:
                    assert body

    asyncio.run(run())


def test_who_is_known_sends_small_bodies_when_strangers_have_filled_their_room(
    gathering: Bodies,
) -> None:
    async def run() -> None:
        strangers = [(Sender(SMALL), scope(SMALL, f"192.0.2.{n // 4}")) for n in range(8)]
        async with several(gathering, strangers):
            with pytest.raises(Unavailable):
                async with held(gathering, Sender(10), scope(10, "192.0.2.9")):
                    pass
            async with held(gathering, Sender(10, name="ada"), scope(10, "192.0.2.9")) as body:
                assert len(body) == 10

    asyncio.run(run())


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_addresses_of_one_customer_have_one_key(address: str, key: str) -> None:
    assert client_key(scope(0, address)) == key


def test_a_client_that_asks_first_is_refused_before_it_sends(gathering: Bodies) -> None:
    asked = scope(SMALL + 1)
    asked["headers"].append((b"expect", b"100-continue"))
    sender = Sender()  # receiving would fail
    with pytest.raises(Unauthenticated):
        gathered(gathering, sender, asked)


def test_what_a_refused_client_still_sends_is_read_for_a_while(
    gathering: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "DISCARD", 2 * SMALL)
    sender = Sender(*[SMALL] * 4)
    with pytest.raises(Unauthenticated):
        gathered(gathering, sender, scope(4 * SMALL))
    assert len(sender._parts) == 2
