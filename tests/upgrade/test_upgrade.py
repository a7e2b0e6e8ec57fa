"""Today's code goes on with the data that an earlier commit left, killed in the middle of its work."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.crash.stage import look_into
from tests.support.checker import Checker, Query
from tests.support.crash import Victim, victim
from tests.support.patience import eventually
from tests.support.service import ROOT, missing
from tests.upgrade.caller import TUS, Caller, add
from tests.upgrade.earlier import lay_out
from tests.upgrade.past import CONTENT, LONG, NAMESPACE, Past, write

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
EVERYTHING: dict[str, Any] = {"match_all": {}}


@dataclass
class Upgraded:
    """The service with today's code, on what was left."""

    victim: Victim
    past: Past
    admin: Caller
    member: Caller
    guest: Caller
    query: Query
    checker: Checker
    wrong: list[str] = field(default_factory=list)
    """Answers that nobody should have had while the index was brought up to date."""


@pytest.fixture(scope="module", params=["embedded", "production-redis"])
def upgraded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    if absent := missing(request.param):
        if os.environ.get("VITRINE_TEST_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{request.param} needs {', '.join(absent)}")
        pytest.skip(f"{request.param}: {', '.join(absent)} not set (scripts/services start)")
    code = lay_out(tmp_path_factory.mktemp("code"))
    folder = tmp_path_factory.mktemp(request.param)
    with victim(folder, request.param, code=code) as found:
        past = write(found)
        query, checker = look_into(found.service)
        assert query("SELECT id FROM catalog_delivery"), "nothing was left for the relay"
        assert query("SELECT id FROM catalog_job WHERE state = 'queued'"), "no job was left"
        found.service.code = ROOT
        found.service.start()
        admin = Caller(found.service, found.service.token())
        member = Caller(found.service, past.token)
        guest = Caller(found.service, found.service.token("guest", "password of guest", "guest"))
        service = Upgraded(found, past, admin, member, guest, query, checker)
        with asking(service):
            # Later the upload that nobody finished is taken back, which is announced and delivered anew.
            assert eventually(lambda: not under_way(service), seconds=90), found.tail()
        yield service


@contextmanager
def asking(service: Upgraded) -> Iterator[None]:
    """Search, list and show inside the block, all the time, what was found before the upgrade."""
    over = threading.Event()
    wanted = {one for name, one in service.past.owned.items() if name != "private"}

    def ask() -> None:
        while not over.wait(0.05):
            try:
                lost = wanted - set(service.member.found(EVERYTHING))
                listed = service.member.ask("GET", "/image/v2/images?limit=500")["images"]
                lost |= wanted - {one["id"] for one in listed}
                if lost:
                    service.wrong.append(f"not found: {lost}")
            except AssertionError as error:
                service.wrong.append(str(error))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def under_way(service: Upgraded) -> list[str]:
    """What is to be done still, but for the upload that its client has to finish."""
    found = [one for one in service.checker.unsettled() if one.kind != "open object"]
    return [*map(str, found)]


def test_everything_answers_while_the_index_is_brought_up_to_date(upgraded: Upgraded) -> None:
    assert not upgraded.wrong[:5]


def test_everything_is_shown_as_it_was(upgraded: Upgraded) -> None:
    """But for what the rules' new version says of the images that they concern."""
    callers = {"admin": upgraded.admin, "member": upgraded.member}
    for (who, path), before in upgraded.past.shown.items():
        now = callers[who].ask("GET", path)
        if path.endswith("/events"):
            now["events"] = now["events"][-len(before["events"]) :]
        assert now == before, path


def test_bytes_are_what_they_were(upgraded: Upgraded) -> None:
    for image, content in upgraded.past.data.items():
        assert upgraded.admin.downloaded(image) == content


def test_what_nobody_owns_is_the_administrators(upgraded: Upgraded) -> None:
    for visibility, image in upgraded.past.ownerless.items():
        hidden = visibility in {"private", "shared"}
        path = f"/image/v2/images/{image}"
        upgraded.guest.ask("GET", path, expect=404 if hidden else 200)
        assert image in upgraded.admin.found({"term": {"id": image}}, all_projects=True)
        assert (image in upgraded.guest.found(EVERYTHING)) == (visibility == "public")


def test_what_was_left_undone_is_done(upgraded: Upgraded) -> None:
    past, member = upgraded.past, upgraded.member
    assert past.late in member.found({"term": {"tags": "late"}})
    assert past.wrong in member.found({"term": {"valid": False}})
    member.ask("GET", f"/image/v2/images/{past.deleted}", expect=404)
    assert past.deleted not in member.found(EVERYTHING)
    failed = "SELECT kind, error FROM catalog_job WHERE state <> 'succeeded'"
    assert upgraded.query(failed) == []


def test_the_index_agrees_with_the_rows(upgraded: Upgraded) -> None:
    done = upgraded.victim.service.manage("verify_index", "--strict")
    assert done.returncode == 0, done.stdout + done.stderr


def test_definitions_hold(upgraded: Upgraded) -> None:
    upgraded.member.image("right", up_level="10")
    document = {"name": "wrong", "up_level": "11"}
    upgraded.member.ask("POST", "/image/v2/images", document, expect=400)
    path = f"/image/v2/metadefs/namespaces/{NAMESPACE}::Own"
    upgraded.member.ask("GET", path)
    upgraded.guest.ask("GET", path, expect=404)


def test_an_upload_goes_on(upgraded: Upgraded) -> None:
    past, member = upgraded.past, upgraded.member
    _, headers = member.answer("HEAD", past.session, expect=200, **TUS)
    offset = int(headers["upload-offset"])
    assert offset == len(CONTENT) // 2
    member.answer(
        "PATCH",
        past.session,
        CONTENT[offset:],
        expect=204,
        content_type="application/offset+octet-stream",
        **TUS,
        **{"Upload-Offset": str(offset)},
    )
    assert member.downloaded(past.resumed) == CONTENT


def test_an_upload_that_was_broken_off_can_be_made_again(upgraded: Upgraded) -> None:
    member, image = upgraded.member, upgraded.past.broken
    assert member.ask("GET", f"/image/v2/images/{image}")["status"] == "queued"
    member.upload(image, CONTENT)
    assert member.downloaded(image) == CONTENT


def test_what_is_too_large_today_may_be_read_and_may_shrink(upgraded: Upgraded) -> None:
    member, fat = upgraded.member, upgraded.past.fat
    before = member.ask("GET", f"/image/v2/images/{fat}")
    assert before["fat_007"] == "007" * (LONG // 3)
    member.change(fat, add("fat_008", "short"))
    member.change(fat, {"op": "remove", "path": "/fat_009"})
    member.change(fat, add("fat_009", "9" * LONG), expect=413)
    after = member.ask("GET", f"/image/v2/images/{fat}")
    assert (after["fat_008"], "fat_009" in after) == ("short", False)
    assert fat in eventually(lambda: member.found({"term": {"fat_008": "short"}}))
    events = member.ask("GET", f"/image/v2/images/{fat}/events?limit=1000")
    assert events["events"]


def test_images_of_one_file_keep_it_until_the_last_one_goes(upgraded: Upgraded) -> None:
    admin, (first, second) = upgraded.admin, upgraded.past.twins
    admin.ask("DELETE", f"/image/v2/images/{first}", expect=204)
    eventually(lambda: not under_way(upgraded))
    assert admin.downloaded(second) == CONTENT


def test_nothing_is_left_over(upgraded: Upgraded) -> None:
    """Rows, bytes, jobs and the index agree, seen from outside, once the tests before have ended."""
    eventually(lambda: not any(True for _ in upgraded.checker.unsettled()), seconds=60)
    assert list(map(str, upgraded.checker.findings())) == []
