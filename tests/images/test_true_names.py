"""Disks that are what their images say, though no mark at the beginning tells it; and those that are something else and
are taken as `raw`: that is said.
"""

import logging
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha512
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from catalog.query import Term
from images.inspection import FormatMismatch, Inspection, UnsafeImage
from images.services import data
from search import engines, index_maintenance
from search.caller_search import CallerSearch
from search.engine import Engine
from search.relay import drain
from search.selectors import search
from tests.images.test_data import Client, ada
from tests.images.test_formats import HOSTILE, inspect
from tests.images.test_history import told
from tests.images.test_resumable import Session
from tests.search.conftest import BOTH, make_engine
from tests.support import disks
from tests.support.identity import actor_for
from tests.support.images import callers
from tests.support.located import FORMATS, post, run_jobs
from tests.support.webserver import WebServer

__all__ = ["ada"]
MIB = 1 << 20
FIELD = "os_detected_format"


def observed(content: bytes, claimed: str, **options: Any) -> Inspection:
    inspection = Inspection(claimed, **options)
    inspection(content)
    inspection.verdict()
    return inspection


INSIDE = {
    "zeros": bytes(MIB),
    "text": b"#!/bin/sh\n".ljust(MIB, b"\n"),
    "partitions": disks.partitioned(),
    "file system": disks.ntfs(),
    "disc": disks.iso(blocks=512),
}


@pytest.mark.parametrize("name", INSIDE)
@pytest.mark.parametrize("block", [1 << 20, 700, 512])
def test_a_fixed_vhd_is_one_by_its_last_sector(name: str, block: int) -> None:
    content = disks.fixed_vhd(INSIDE[name])
    assert inspect(content, "vhd", block=block) == MIB
    assert inspect(content, "raw", block=block) == MIB + 512
    for other in ("vhdx", "qcow2", "vdi"):
        with pytest.raises(FormatMismatch):
            inspect(content, other, block=block)


@pytest.mark.parametrize(
    "content",
    [
        bytes(MIB),
        disks.partitioned(),
        disks.fixed_vhd(bytes(MIB), kind=3),
        disks.fixed_vhd(bytes(MIB), size=2 * MIB),
        disks.fixed_vhd(bytes(MIB), size=0),
        disks.fixed_vhd(bytes(MIB + 100)),
        disks.fixed_vhd(bytes(MIB))[:-512],
        disks.fixed_vhd(bytes(MIB)) + bytes(512),
        disks.smallest_qcow2(MIB) + disks.fixed_vhd(b""),
        b"",
    ],
)
def test_what_does_not_end_as_a_fixed_vhd_is_none(content: bytes) -> None:
    with pytest.raises(FormatMismatch):
        inspect(content, "vhd")


def test_a_difference_is_no_fixed_vhd() -> None:
    with pytest.raises(UnsafeImage, match="parent"):
        inspect(disks.fixed_vhd(bytes(MIB), kind=4), "vhd")


CLAIMED = ["raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi", "iso", "gpt", "aki", "ami"]


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"vhd with a parent, told at the end"}))
def test_a_footer_makes_nothing_safe(name: str) -> None:
    content = HOSTILE[name][0]
    whole = disks.fixed_vhd(content.ljust(-(-len(content) // 512) * 512, b"\0"))
    taken = []
    for claimed, require in product(CLAIMED, (True, False)):
        with suppress(UnsafeImage, FormatMismatch):
            inspect(whole, claimed, require_match=require)
            taken.append((claimed, require))
    assert taken == []


MADE = [
    ("mkfs.ntfs", ("-F", "-Q"), "raw", "raw"),
    ("mkfs.exfat", (), "raw", "raw"),
    ("mkfs.fat", ("-F", "12"), "raw", "raw"),
    ("mkfs.fat", ("-F", "16", "-f", "1"), "raw", "raw"),
    ("mkfs.fat", ("-F", "32", "-M", "0xf0"), "raw", "raw"),
    ("mkudffs", ("--media-type=hd", "--blocksize=2048"), "iso", "iso"),
    ("mkudffs", ("--media-type=hd", "--blocksize=512"), "iso", "iso"),
    ("mkudffs", ("--media-type=dvd",), "iso", "iso"),
    ("mkudffs", ("--media-type=hd", "--blocksize=2048", "--bootarea=mbr"), "iso", "iso"),
]


@pytest.mark.parametrize(("tool", "options", "claimed", "found"), MADE)
def test_real_file_systems(
    tmp_path: Path, tool: str, options: tuple[str, ...], claimed: str, found: str
) -> None:
    path = shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{tool} is not installed")
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(64 * MIB if "32" in options else 12 * MIB))
    subprocess.run([path, *options, str(disk)], check=True, capture_output=True)
    content = disk.read_bytes()
    assert inspect(content, claimed) == len(content)
    with pytest.raises(FormatMismatch) as refused:
        inspect(content, "qcow2")
    assert refused.value.facts["found"] == found


@pytest.mark.parametrize("name", HOSTILE)
def test_refusals_are_sentences_for_owners(name: str) -> None:
    with pytest.raises(UnsafeImage) as refused:
        inspect(HOSTILE[name][0], "raw")
    said = refused.value.message
    assert said.startswith(("this ", "the data "))
    assert "failed safety checks" not in said
    for check in ("mbr", "backing_file", "data_file", "unknown_features", "banned"):
        if check in said:
            assert f"({check}: " in said, "the check's own name stands behind the words"


def test_partition_tables_are_spoken_of_in_words() -> None:
    with pytest.raises(UnsafeImage, match="partition table in its first sector"):
        inspect(HOSTILE["boot flag"][0], "raw")
    with pytest.raises(FormatMismatch, match="its data is raw, with a partition table"):
        inspect(disks.partitioned(), "qcow2")


@pytest.mark.parametrize(
    ("claimed", "content", "found"),
    [
        ("raw", disks.smallest_qcow2(MIB), "qcow2"),
        ("raw", disks.dynamic_vhd(), "vhd"),
        ("raw", disks.fixed_vhd(bytes(MIB)), "vhd"),
        ("raw", disks.vhdx(), "vhdx"),
        ("raw", disks.iso(), "iso"),
        ("raw", disks.udf(), "iso"),
        ("raw", disks.partitioned(), None),
        ("raw", disks.ntfs(), None),
        ("raw", bytes(MIB), None),
        ("raw", b"", None),
        ("vhd", disks.fixed_vhd(bytes(MIB)), None),
        ("qcow2", disks.smallest_qcow2(MIB), None),
        ("ami", bytes(MIB), None),
        ("aki", disks.kernel(), None),
    ],
)
def test_what_is_taken_for_something_else_is_known(
    claimed: str, content: bytes, found: str | None
) -> None:
    assert observed(content, claimed).otherwise == found


def test_a_claim_that_nobody_requires_is_compared_all_the_same() -> None:
    found = observed(disks.smallest_qcow2(MIB), "vdi", require_match=False)
    assert found.otherwise == "qcow2"
    assert observed(bytes(MIB), "vdi", require_match=False).otherwise == "raw"


def warned(answer: httpx.Response) -> None:
    assert answer.status_code == 204, answer.text
    assert answer.headers["Warning"].startswith(
        '299 - "the image says disk_format raw, its data is qcow2;'
    )


def test_a_qcow2_as_raw_is_taken_and_said(ada: Client, caplog: pytest.LogCaptureFixture) -> None:
    content = disks.smallest_qcow2(MIB)
    image_id = ada.queued(disk_format="raw")
    with caplog.at_level(logging.WARNING, logger=data.log.name):
        warned(ada.put(image_id, content))
    (logged,) = [one for one in caplog.records if one.name == data.log.name]
    assert (logged.__dict__["image"], logged.__dict__["found"]) == (image_id, "qcow2")
    shown = ada.caller.show(image_id).json()
    assert (shown["status"], shown["disk_format"], shown[FIELD]) == ("active", "raw", "qcow2")
    assert shown["virtual_size"] == len(content)
    schema = ada.caller.call("GET", "/v2/schemas/image").json()
    Draft202012Validator(schema).validate(shown)
    assert schema["properties"][FIELD]["readOnly"]
    assert ada.caller.ids(f"{FIELD}=qcow2") == [image_id]
    assert ada.caller.ids(f"{FIELD}=vdi") == []
    changes = [changes for kind, changes in told(ada.caller, image_id) if kind == "image.upload"]
    assert changes[0][FIELD] == {"old": None, "new": "qcow2"}


def test_nobody_writes_what_was_found(ada: Client) -> None:
    image_id = ada.queued()
    assert ada.caller.call("POST", "/v2/images", {FIELD: "qcow2"}).status_code == 403
    for op in ("add", "replace", "remove"):
        value = {} if op == "remove" else {"value": "raw"}
        answer = ada.caller.patch(image_id, {"op": op, "path": f"/{FIELD}", **value})
        assert answer.status_code == 403


def test_an_image_that_is_what_it_says_has_no_such_field(ada: Client) -> None:
    for claimed, content in (("qcow2", disks.smallest_qcow2(MIB)), ("raw", disks.ntfs())):
        image_id = ada.queued(disk_format=claimed)
        answer = ada.put(image_id, content)
        assert (answer.status_code, "Warning" in answer.headers) == (204, False)
        assert FIELD not in ada.caller.show(image_id).json()


def test_the_last_part_of_a_resumed_upload_is_warned_of(ada: Client) -> None:
    content = disks.smallest_qcow2(MIB)
    session = Session(ada, ada.queued(), len(content))
    first = session.patch(content[:1000], 0)
    assert (first.status_code, "Warning" in first.headers) == (204, False)
    warned(session.patch(content[1000:], 1000))
    assert ada.caller.show(session.image_id).json()[FIELD] == "qcow2"


@pytest.mark.django_db
@pytest.mark.parametrize("verified", [False, True])
def test_data_that_lies_elsewhere_is_told_of_too(web: WebServer, verified: bool) -> None:
    content = disks.smallest_qcow2(MIB)
    url = web.put("/disk.qcow2", content)
    (caller,) = callers("ada")
    image_id = str(caller.create(**FORMATS)["id"])
    digest = {"os_hash_algo": "sha512", "os_hash_value": sha512(content).hexdigest()}
    more = {"validation_data": digest} if verified else {}
    assert post(caller, image_id, url, **more).status_code == 202
    run_jobs()
    assert caller.show(image_id).json()[FIELD] == "qcow2"
    assert [changes[FIELD] for _, changes in told(caller, image_id) if FIELD in changes] == [
        {"old": None, "new": "qcow2"}
    ]


@pytest.fixture(params=BOTH)
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None
) -> Iterator[Engine]:
    made = make_engine(request.param, tmp_path)
    monkeypatch.setattr(engines, "current", lambda: made)
    yield made
    made.drop()


def test_the_search_finds_them(ada: Client, engine: Engine) -> None:
    index_maintenance.ensure(engine)
    odd, plain = ada.queued(), ada.queued()
    warned(ada.put(odd, disks.smallest_qcow2(MIB)))
    assert ada.put(plain, bytes(MIB)).status_code == 204
    drain()
    engine.refresh()
    actor = actor_for(ada.caller.user, ada.caller.project)
    found = search(actor, CallerSearch(query=Term(FIELD, "qcow2")))
    assert [hit.id for hit in found.hits] == [odd]
