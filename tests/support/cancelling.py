"""Cancelling a task at each of its steps, those of the tasks that it makes included; and stores that count what is open."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from threading import Lock
from typing import Any

from typing_extensions import override

from stores import BlobStat, Reader, Wrapper, WrapperWriter, Writer

MOMENT = 0.005
"""Seconds in which who waits for a writer or a reader may be cancelled."""


class _Stepping(Coroutine[Any, Any, Any]):
    """Another coroutine; `stepped` is called whenever it has come to a halt."""

    def __init__(self, inner: Coroutine[Any, Any, Any], stepped: Callable[[], None]) -> None:
        self._inner, self._stepped = inner, stepped

    @override
    def send(self, value: Any) -> Any:
        found = self._inner.send(value)
        self._stepped()
        return found

    @override
    def throw(self, *error: Any) -> Any:
        found = self._inner.throw(*error)
        self._stepped()
        return found

    @override
    def close(self) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)  # what `inspect` asks for

    @override
    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()


def cancelled_at(
    step: int, work: Callable[[], Coroutine[Any, Any, object]], *, later: float
) -> bool:
    """Run `work` and cancel it after so many steps, `later` seconds after the last of them; whether it was, or ended
    before. At once no thread has begun what the step asked for; a little later it is at it.
    """

    async def main() -> bool:
        loop, left = asyncio.get_running_loop(), step
        task: asyncio.Task[object] | None = None

        def stepped() -> None:
            nonlocal left
            left -= 1
            if left == 0 and task is not None:
                loop.call_later(later, task.cancel)

        def make(loop: asyncio.AbstractEventLoop, coro: Any, **given: Any) -> Any:
            return asyncio.Task(_Stepping(coro, stepped), loop=loop, **given)

        loop.set_task_factory(make)
        task = asyncio.create_task(work())
        await asyncio.wait({task})
        loop.set_task_factory(None)
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
        return task.cancelled()

    return asyncio.run(main())


class Counting(Wrapper):
    """`open`: how many writers and readers nobody has ended."""

    _lock = Lock()
    open_now = 0

    def count(self, change: int) -> None:
        with self._lock:
            self.open_now += change

    @override
    def begin(self, key: str) -> Writer:
        found = _CountedWriter(super().begin(key), self)
        self.count(1)
        time.sleep(MOMENT)
        return found

    @override
    def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        found = _CountedReader(super().open(key, start, length), self)
        self.count(1)
        time.sleep(MOMENT)
        return found


class _CountedWriter(WrapperWriter):
    def __init__(self, inner: Writer, store: Counting) -> None:
        super().__init__(inner)
        self._store: Counting | None = store

    @override
    def commit(self) -> BlobStat:
        found = super().commit()
        self._ended()
        return found

    @override
    def abort(self) -> None:
        super().abort()
        self._ended()

    def _ended(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.count(-1)


class _CountedReader(Reader):
    def __init__(self, inner: Reader, store: Counting) -> None:
        super().__init__(inner.stat, inner.length)
        self._inner = inner
        self._store: Counting | None = store
        self._reading = False

    @override
    def __next__(self) -> bytes:
        self._reading = True
        try:
            return next(self._inner)
        finally:
            self._reading = False

    @override
    def close(self) -> None:
        assert not self._reading, "closed under a running thread"
        self._inner.close()
        store, self._store = self._store, None
        if store is not None:
            store.count(-1)
