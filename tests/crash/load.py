"""Clients that write all the time and note what they were told."""

import hashlib
import http.client
import json
import random
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from tests.crash.ledger import ABSENT, Asset, Bytes, Ledger

PATCH = "application/openstack-images-v2.1-json-patch"
NAMESPACE = "Crash"
PATIENCE = 30.0
MAXIMA = (20, 80)
Step = tuple[Callable[[], None], float]
"""What a client does again and again, and the seconds between."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 0: none came, and nobody knows what happened."""

    status: int
    text: str = ""

    def json(self) -> Any:
        return json.loads(self.text)

    def __str__(self) -> str:
        return f"{self.status} {self.text[:120]}" if self.status >= 400 else str(self.status)


class Client:
    """Requests, each on a connection of its own, so that none is written into a dead one, and to the next machine."""

    def __init__(self, ports: Sequence[int], token: str, ledger: Ledger) -> None:
        self._ports, self._token, self._ledger = cycle(ports), token, ledger

    def ask(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> Answer:
        """The answer; one that means a fault of the service is noted as wrong."""
        connection = http.client.HTTPConnection("127.0.0.1", next(self._ports), timeout=PATIENCE)
        try:
            # Who refuses a body may answer and close while it is being sent.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(
                    method,
                    f"/image/v2/{path}",
                    body if isinstance(body, bytes) or body is None else json.dumps(body),
                    {"X-Auth-Token": self._token, "Content-Type": content_type},
                )
            response = connection.getresponse()
            answer = Answer(response.status, response.read().decode("utf-8", "replace"))
        except TimeoutError:
            self._ledger.complain(f"{method} {path} was not answered within {PATIENCE} s")
            return Answer(0, "timed out")
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, repr(error))
        finally:
            connection.close()
        if answer.status in {401, 403} or (answer.status >= 500 and answer.status != 503):
            self._ledger.complain(f"{method} {path} was answered {answer}")
        return answer


class Writer:
    """One client's images: made, changed, filled and deleted at random, one after another."""

    def __init__(self, client: Client, ledger: Ledger, rng: random.Random) -> None:
        self._client, self._ledger, self._rng = client, ledger, rng
        self._assets: list[Asset] = []
        self._steps = 0

    def step(self) -> None:
        """One operation."""
        if len(self._assets) < 4:
            self.create()
            return
        operation = self._rng.choices(
            (self.create, self.patch, self.upload, self.delete, self.delete_while_uploading),
            weights=(20, 35, 30, 12, 3),
        )[0]
        operation()

    def create(self) -> None:
        asset = Asset(str(uuid.UUID(int=self._rng.getrandbits(128), version=4)))
        self._ledger.add(asset)
        asset.exists = {False, True}
        asset.values["name"] = [f"image {asset.id[:4]}"]
        answer = self._client.ask(
            "POST",
            "images",
            {
                "id": asset.id,
                "name": asset.values["name"][0],
                "disk_format": "raw",
                "container_format": "bare",
                "tags": ["crash"],
            },
        )
        self._close("create", asset, answer, {201})
        if answer.status == 201:
            asset.exists = {True}
            self._ledger.promise(asset, "image.create", "name", asset.values["name"][0])
        elif answer.status:
            self._ledger.complain(f"creating {asset.id} was answered {answer}")
        self._assets.append(asset)

    def patch(self) -> None:
        asset = self._rng.choice(self._assets)
        self._steps += 1
        key = self._rng.choice(("name", "step", "crash_level"))
        value = str(self._rng.randrange(100)) if key == "crash_level" else f"step {self._steps}"
        change = {"op": "add", "path": f"/{key}", "value": value}
        before = asset.values.setdefault(key, [ABSENT])
        answer = self._client.ask("PATCH", f"images/{asset.id}", [change], PATCH)
        self._close(f"patch {key}={value}", asset, answer, {200})
        if answer.status == 200:
            asset.exists, asset.values[key] = {True}, [value]
            if before != [value]:
                path = key if key == "name" else f"properties/{key}"
                self._ledger.promise(asset, "image.update", path, value)
        elif not answer.status:
            before.append(value)
        elif answer.status == 404:
            self._gone(asset, answer)
        elif answer.status not in {409, 503} and not (
            answer.status == 400 and key == "crash_level"
        ):
            self._ledger.complain(f"patching {asset.id} {key}={value} was answered {answer}")

    def upload(self) -> None:
        asset = self._rng.choice(self._assets)
        self._upload(asset)

    def delete(self) -> None:
        asset = self._assets.pop(self._rng.randrange(len(self._assets)))
        self._delete(asset)

    def delete_while_uploading(self) -> None:
        """Both at once: the deletion wins, or the upload does and the deletion comes after it."""
        asset = self._assets.pop(self._rng.randrange(len(self._assets)))
        filling = threading.Thread(target=self._upload, args=(asset,), kwargs={"racing": True})
        filling.start()
        self._delete(asset)
        filling.join()

    def _upload(self, asset: Asset, *, racing: bool = False) -> None:
        size = self._rng.choice((1000, 100_000, 700_000, 2_500_000))
        content = random.Random(f"{asset.id} {size}").randbytes(size)
        told = Bytes(size, hashlib.md5(content).hexdigest(), hashlib.sha512(content).hexdigest())
        filled = None not in asset.data
        answer = self._client.ask(
            "PUT", f"images/{asset.id}/file", content, "application/octet-stream"
        )
        self._close(f"upload {size}", asset, answer, {204})
        if answer.status == 204:
            if filled:
                self._ledger.complain(f"{asset.id} took data twice")
            asset.data = [told]
            self._ledger.promise(asset, "image.upload", "size", size)
        elif not answer.status:
            if not filled:
                asset.data.append(told)
        elif answer.status == 404:
            self._gone(asset, answer, racing=racing)
        elif answer.status not in {409, 410, 503}:
            self._ledger.complain(f"filling {asset.id} was answered {answer}")

    def _delete(self, asset: Asset) -> None:
        sure = asset.alive
        asset.exists = asset.exists | {False}
        answer = self._client.ask("DELETE", f"images/{asset.id}")
        self._close("delete", asset, answer, {204})
        if answer.status == 204:
            asset.exists = {False}
            self._ledger.promise(asset, "image.delete", "status", "deleted")
        elif answer.status == 404 and sure:
            self._ledger.complain(f"{asset.id} was there and is not: {answer}")
        elif answer.status and answer.status not in {404, 409, 503}:
            self._ledger.complain(f"deleting {asset.id} was answered {answer}")

    def _gone(self, asset: Asset, answer: Answer, *, racing: bool = False) -> None:
        if asset.alive and not racing:
            self._ledger.complain(f"{asset.id} was there and is not: {answer}")
        if asset in self._assets:
            self._assets.remove(asset)

    def _close(self, operation: str, asset: Asset, answer: Answer, good: set[int]) -> None:
        asset.note(operation, answer)
        verb = operation.partition(" ")[0]
        if answer.status in good or not answer.status:
            self._ledger.count(verb, acknowledged=answer.status in good)


class Ruler:
    """The one client that changes what is legal; each change starts a job that judges every image again."""

    def __init__(self, client: Client, ledger: Ledger) -> None:
        self._client, self._ledger = client, ledger

    def begin(self) -> None:
        answer = self._client.ask(
            "POST",
            "metadefs/namespaces",
            {
                "namespace": NAMESPACE,
                "visibility": "public",
                "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "crash_"}],
                "properties": {"level": _level(MAXIMA[0])},
            },
        )
        assert answer.status == 201, answer
        self._ledger.maximum = [MAXIMA[0]]

    def step(self) -> None:
        new = MAXIMA[1] if self._ledger.maximum[-1] == MAXIMA[0] else MAXIMA[0]
        path = f"metadefs/namespaces/{NAMESPACE}/properties/level"
        answer = self._client.ask("PUT", path, {"name": "level", **_level(new)})
        if answer.status == 200:
            self._ledger.maximum = [new]
        elif not answer.status:
            self._ledger.maximum.append(new)
        elif answer.status != 503:
            self._ledger.complain(f"changing the maximum was answered {answer}")
        if answer.status in {0, 200}:
            self._ledger.count("rule", acknowledged=answer.status == 200)


class Load:
    """Several writers and a ruler, each in a thread of its own; their choices are repeated by the seed."""

    def __init__(self, ports: Sequence[int], token: str, *, seed: int, writers: int = 3) -> None:
        self.ledger = Ledger()
        self._errors: list[BaseException] = []
        client = Client(ports, token, self.ledger)
        ruler = Ruler(client, self.ledger)
        ruler.begin()
        self._rule: Step = (ruler.step, 1.0)
        self._write: list[Step] = [
            (Writer(client, self.ledger, random.Random(f"{seed} {number}")).step, 0.03)
            for number in range(writers)
        ]

    @contextmanager
    def running(self, *, ruling: bool) -> Iterator[None]:
        """Clients write inside the block; no request is under way after it.

        `ruling`: rules change, too. Every image is judged and indexed again then, which would hide that an earlier
        change never reached the index.
        """
        stopping = threading.Event()
        threads = [
            threading.Thread(target=self._repeat, args=(*one, stopping), daemon=True)
            for one in [*self._write, *([self._rule] if ruling else [])]
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopping.set()
            for thread in threads:
                thread.join(PATIENCE * 2)
        assert not any(thread.is_alive() for thread in threads), "a client hangs"
        if self._errors:
            raise self._errors[0]

    def _repeat(self, step: Callable[[], None], pause: float, stopping: threading.Event) -> None:
        try:
            while not stopping.wait(pause):
                step()
        except Exception as error:  # noqa: BLE001 - the test's own thread raises it again
            self._errors.append(error)


def _level(maximum: int) -> dict[str, Any]:
    return {"title": "Level", "type": "integer", "minimum": 0, "maximum": maximum}


def history(ledger: Ledger, subjects: set[str]) -> Iterator[str]:
    """What was done to these assets, for a report."""
    for asset in ledger.assets.values():
        if asset.id in subjects:
            yield f"{asset.id}:\n    " + "\n    ".join(asset.history)
