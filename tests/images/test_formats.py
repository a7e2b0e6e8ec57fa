"""What a disk image really is and whether it is safe: the table of claims, real disks, hostile ones, and the API."""

import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import CatalogError
from images.conf import ImagesConfig
from images.dataconf import ImageDataConfig
from images.inspection import FormatMismatch, Inspection, UnsafeImage
from tests.images.test_data import Client, ada, blobs_on_disk, nothing_is_left
from tests.support import disks
from tests.support.patience import eventually

__all__ = ["ada"]

BLOCK = 1 << 20
MIB = 1 << 20
NOISE = bytes(range(1, 256)) * 9000

needs_qemu = pytest.mark.skipif(disks.qemu_img() is None, reason="qemu-img is not installed")


def inspect(content: bytes, claimed: str, *, block: int = BLOCK, **options: Any) -> int | None:
    inspection = Inspection(claimed, **options)
    for start in range(0, len(content), block):
        inspection(content[start : start + block])
    return inspection.verdict()


@needs_qemu
@pytest.mark.parametrize(
    ("claimed", "driver", "options"),
    [
        ("qcow2", "qcow2", ()),
        ("qcow2", "qcow2", ("-o", "compat=0.10")),
        ("qcow2", "qcow2", ("-o", "extended_l2=on,cluster_size=128k")),
        ("vhd", "vpc", ("-o", "subformat=fixed,force_size=on")),
        ("qcow2", "qcow2", ("-c", "-o", "compression_type=zlib,lazy_refcounts=on")),
        ("vmdk", "vmdk", ()),
        ("vmdk", "vmdk", ("-o", "subformat=streamOptimized")),
        ("vhd", "vpc", ("-o", "force_size=on")),
        ("vhdx", "vhdx", ()),
        ("vdi", "vdi", ()),
        (
            "luks",
            "luks",
            ("--object", "secret,id=s,data=x", "-o", "key-secret=s,iter-time=10,hash-alg=sha512"),
        ),
    ],
    ids=lambda value: "-".join(value)[-30:] if isinstance(value, tuple) else value,
)
def test_real_disks(tmp_path: Path, claimed: str, driver: str, options: tuple[str, ...]) -> None:
    content = disks.converted(tmp_path / "disk", driver, *options).read_bytes()
    assert inspect(content, claimed) == 3 << 20, "the size of the disk inside"
    assert inspect(content, "raw") == len(content), "as raw it is what it is"
    assert inspect(content, claimed, block=5000) == 3 << 20, "however the bytes come"
    other = "vdi" if claimed != "vdi" else "qcow2"
    with pytest.raises(FormatMismatch):
        inspect(content, other)
    assert inspect(content, other, require_match=False) is None


@needs_qemu
@pytest.mark.parametrize(
    ("driver", "options", "cause"),
    [
        ("qcow2", ("-b", "/etc/passwd", "-F", "raw", "-u", "1M"), "backing file"),
        ("qcow2", ("-o", "data_file=other,data_file_raw=on", "1M"), "data_file"),
        ("qed", ("1M",), "not allowed"),
        ("vmdk", ("-o", "subformat=monolithicFlat", "1M"), "other files"),
        ("vmdk", ("-o", "subformat=twoGbMaxExtentSparse", "1M"), "other files"),
        ("vmdk", ("-b", "base", "-F", "vmdk", "1M"), "built on another"),
    ],
)
@pytest.mark.parametrize("claimed", ["raw", "own"])
def test_real_disks_that_reach_for_other_files(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    driver: str,
    options: tuple[str, ...],
    cause: str,
    claimed: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    disks.created(tmp_path / "base", "vmdk", "1M")
    content = disks.created(tmp_path / "disk", driver, *options).read_bytes()
    for require in (True, False):
        with pytest.raises(UnsafeImage) as refused:
            inspect(content, driver if claimed == "own" else "raw", require_match=require)
        assert cause in refused.value.message


SAFE_VMDK = disks.vmdk_descriptor('RW 2048 SPARSE "disk.vmdk"', "monolithicSparse")

EXPORTED = b"""# Disk DescriptorFile\r
version=1\r
encoding="UTF-8"\r
CID=7d2f3a11\r
parentCID=ffffffff\r
isNativeSnapshot="no"\r
createType="streamOptimized"\r
\r
# Extent description\r
RDONLY 2048 SPARSE "call-me-stream.vmdk"\r
\r
# The Disk Data Base\r
#DDB\r
\r
ddb.adapterType = "lsilogic"\r
ddb.geometry.cylinders = "1"\r
ddb.longContentID = "0bd8a4ab7d2f3a110bd8a4ab7d2f3a11"\r
ddb.toolsVersion = "2147483647"\r
ddb.uuid = "60 00 C2 93 7b a0 3a 03-9f 22 56 c5 29 93 b7 27"\r
ddb.virtualHWVersion = "13"\r
"""

HOSTILE: dict[str, tuple[bytes, str]] = {
    "backing file": (disks.smallest_qcow2(MIB, backing=512), "backing_file"),
    "backing file in a short file": (disks.smallest_qcow2(MIB, backing=112)[:200], "backing_file"),
    "data file": (disks.smallest_qcow2(MIB, version=3, features=4), "data_file"),
    "unknown feature beside extended L2": (
        disks.smallest_qcow2(MIB, version=3, features=48),
        "unknown_features",
    ),
    "data file beside extended L2": (
        disks.smallest_qcow2(MIB, version=3, features=20),
        "data_file",
    ),
    "boot code that is nobody's": (disks.boot_sector(b"\xeb\x3c\x90nobody's"), "mbr"),
    "unknown feature": (disks.smallest_qcow2(MIB, version=3, features=1 << 40), "unknown_features"),
    "qcow version 1": (disks.smallest_qcow2(MIB, version=1), "unknown_features"),
    "qed": (b"QED\0".ljust(MIB, b"\0"), "banned"),
    "descriptor alone": (disks.vmdk_descriptor(), "other files"),
    "descriptor, then noise": (disks.vmdk_descriptor().ljust(1024) + NOISE, "other files"),
    "descriptor, then zeros": (disks.vmdk_descriptor().ljust(MIB, b"\0"), "other files"),
    "short descriptor": (b'version=1\ncreateType="custom"\nRW 1 FLAT "/x" 0\n', "other files"),
    "flat extent inside": (disks.sparse_vmdk(disks.vmdk_descriptor()), "descriptor"),
    "path of an extent": (
        disks.sparse_vmdk(disks.vmdk_descriptor('RW 1 SPARSE "/etc/passwd"', "monolithicSparse")),
        "descriptor",
    ),
    "parent": (
        disks.sparse_vmdk(SAFE_VMDK + b'parentFileNameHint="/etc/passwd"\n'),
        "parent",
    ),
    "no extent": (
        disks.sparse_vmdk(disks.vmdk_descriptor("", "monolithicSparse")),
        "descriptor",
    ),
    "an odd line": (disks.sparse_vmdk(SAFE_VMDK + b"rm -rf\n"), "descriptor"),
    "descriptor elsewhere": (
        disks.sparse_vmdk(SAFE_VMDK)[:28]
        + struct.pack("<Q", 9)
        + disks.sparse_vmdk(SAFE_VMDK)[36:],
        "vmdk",
    ),
    "old format of ESX": (
        b"COWD".ljust(512, b"\0") + b'parentFileNameHint="/etc/passwd"\n'.ljust(MIB, b"\0"),
        "other files",
    ),
    "capacity 0": (disks.sparse_vmdk(SAFE_VMDK, sectors=0), "capacity"),
    "capacity 0, types told apart by case": (
        disks.sparse_vmdk(
            b'#createtype="monolithicSparse"\ncreateType="monolithicFlat"\n'
            b'RW\t8\tFLAT\t"/a/file"\t0\t=\nRW 8 SPARSE "x"\n',
            sectors=0,
            size=1024,
            length=1,
        ),
        "capacity",
    ),
    "two types": (disks.sparse_vmdk(b'# createtype="vmfs"\n' + SAFE_VMDK), "say once"),
    "extent between tabs": (disks.sparse_vmdk(SAFE_VMDK + b'RW\t8\tFLAT\t"x"\t0\t=\n'), "extent"),
    "flat extent beside a sparse one": (
        disks.sparse_vmdk(SAFE_VMDK + b'RW 8 FLAT "x" 0\n'),
        "flat",
    ),
    "extent of another folder's file": (
        disks.sparse_vmdk(disks.vmdk_descriptor('RW 8 SPARSE "..\\\\x"', "monolithicSparse")),
        "extent",
    ),
    "parent behind the stated size": (
        disks.sparse_vmdk(
            SAFE_VMDK.ljust(600, b"\n") + b'parentFileNameHint="/etc/passwd"\n', length=1
        ),
        "beyond",
    ),
    "changes tracked in a file": (
        disks.sparse_vmdk(SAFE_VMDK + b'changeTrackPath="x-ctk.vmdk"\n'),
        "extent",
    ),
    "parent in the disk's database": (
        disks.sparse_vmdk(SAFE_VMDK + b'ddb.nativeParentHint = "x.vmdk"\n'),
        "extent",
    ),
    "descriptor without an end": (
        disks.sparse_vmdk(SAFE_VMDK + b"#" + b"x" * MIB, length=1000),
        "longer",
    ),
    "data file by an extension": (disks.extended_qcow2(0x44415441, b"/etc/pwd"), "data_file"),
    "data file by an extension, version 2": (
        disks.extended_qcow2(0x44415441, b"/etc/pwd", version=2),
        "data_file",
    ),
    "extension that goes on": (
        disks.extended_qcow2(0x12345678, b"")[:108] + b"\0\0\xff\0" + bytes(MIB),
        "extensions",
    ),
    "vhd with a parent": (disks.dynamic_vhd(kind=4), "parent"),
    "vhd with a parent, told at the end": (disks.dynamic_vhd(end=4), "parent"),
    "vhdx with a parent": (disks.vhdx(parent=True), "parent"),
    "vhdx with two meanings": (disks.vhdx(second=False), "regions"),
    "vdi with a parent": (disks.vdi(parent=b"parent"), "parent"),
    "vdi of changes": (disks.vdi(kind=4), "parent"),
    "boot flag": (disks.partitioned(boot=0x17), "mbr"),
    "protective entry elsewhere": (disks.partitioned(first=7), "mbr"),
    "partitions beside the protective one": (disks.partitioned(extra=0x83), "mbr"),
    "no partition": (disks.partitioned(kind=0), "mbr"),
    "luks 2": (b"LUKS\xba\xbe\0\2".ljust(MIB, b"\0"), "version"),
    "vhdx without its tables": (b"vhdxfile".ljust(100_000, b"\0"), "vhdx"),
    "two at once": (b"QFI\xfb" + disks.iso()[4:], "several formats"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("block", [BLOCK, 700])
def test_what_is_never_kept(name: str, block: int) -> None:
    content, cause = HOSTILE[name]
    for claimed in ("raw", "qcow2", "vmdk", "ami"):
        with pytest.raises(UnsafeImage) as refused:
            inspect(content, claimed, require_match=False, block=block)
        assert cause in refused.value.message


HARMLESS: dict[str, tuple[bytes, str]] = {
    "qcow2 with extended L2": (disks.smallest_qcow2(MIB, version=3, features=16), "qcow2"),
    "ntfs": (disks.ntfs(), "raw"),
    "exfat": (disks.exfat(), "raw"),
    "fat": (disks.fat(), "raw"),
    "fat with one table": (disks.fat(tables=1, medium=0xF8), "raw"),
    "fat of large sectors": (disks.fat(sector=4096, medium=0xF9), "raw"),
    "a partition table without partitions": (disks.empty_mbr(), "raw"),
    "a kernel": (disks.kernel(), "raw"),
    "udf": (disks.udf(), "iso"),
    "udf 3": (disks.udf(second=b"NSR03", step=4096), "iso"),
    "no udf": (disks.udf(second=b"NSR01"), "raw"),
    "half a footer": (bytes(MIB) + b"conectix", "raw"),
    "qcow2 version 3": (disks.smallest_qcow2(MIB, version=3), "qcow2"),
    "vmdk": (disks.sparse_vmdk(SAFE_VMDK), "vmdk"),
    "vmdk of one sector of text": (disks.sparse_vmdk(SAFE_VMDK, length=1), "vmdk"),
    "vmdk as VMware exports it": (disks.sparse_vmdk(EXPORTED), "vmdk"),
    "vhd": (disks.dynamic_vhd(), "vhd"),
    "vhdx": (disks.vhdx(), "vhdx"),
    "vdi": (disks.vdi(), "vdi"),
    "iso": (disks.iso(), "iso"),
    "gpt": (disks.partitioned(), "gpt"),
    "mbr": (disks.partitioned(kind=0x83, boot=0x80), "gpt"),
    "nothing": (b"", "raw"),
    "a few bytes": (b"0123456789", "raw"),
    "text": (b"#!/bin/sh\necho hello\n" * 100, "raw"),
    "text, then noise": (b"#!/bin/sh\n" * 60 + NOISE, "raw"),
    "noise": (NOISE, "raw"),
}


def test_no_data_is_called_empty() -> None:
    with pytest.raises(FormatMismatch, match=r"its data is empty$"):
        inspect(b"", "qcow2")
    with pytest.raises(FormatMismatch, match=r"its data is raw$"):
        inspect(b"0", "qcow2")
    assert inspect(b"", "raw") == 0


CLAIMED = [
    *("raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi", "iso", "gpt", "ami", "aki", "ari", "ploop")
]


@pytest.mark.parametrize("name", HARMLESS)
def test_claims(name: str) -> None:
    for claimed in CLAIMED:
        is_taken_or_not(*HARMLESS[name], claimed)


def is_taken_or_not(content: bytes, found: str, claimed: str) -> None:
    trusted = claimed in {"ami", "aki", "ari", "ploop"} and found == "raw"
    if claimed in {found, "raw"} or trusted:
        size = inspect(content, claimed)
        assert size == (None if trusted else len(content) if claimed in {"raw", "gpt"} else size)
        assert trusted or size is not None
    else:
        with pytest.raises(FormatMismatch) as refused:
            inspect(content, claimed)
        assert (refused.value.facts["claimed"], refused.value.facts["found"]) == (claimed, found)
        assert inspect(content, claimed, require_match=False) is None


@pytest.mark.parametrize("before", [b"\xff\n", b"\n" * 70_000, b"", b"QFI\xfb\n"])
def test_text_that_becomes_a_descriptor_by_its_image_s_claim(before: bytes) -> None:
    content = before + b'createType="monolithicFlat"\nRW 8 FLAT "/etc/passwd" 0\n' + bytes(4096)
    with pytest.raises((FormatMismatch, UnsafeImage)):
        inspect(content, "vmdk", require_match=False)


def test_an_iso_that_boots_from_a_stick_is_an_iso() -> None:
    content = disks.partitioned(kind=0)[:512] + disks.iso()[512:]
    assert inspect(content, "iso") == 40 * 2048
    with pytest.raises(FormatMismatch):
        inspect(content, "gpt")


def test_checks_of_partition_tables_can_be_told_to_refuse_nothing() -> None:
    content, _ = HOSTILE["boot flag"]
    assert inspect(content, "raw", nonfatal=("mbr",)) == len(content)
    with pytest.raises(UnsafeImage):
        inspect(HOSTILE["qed"][0], "raw", nonfatal=("mbr", "banned"))


def test_a_refusal_comes_as_soon_as_it_is_certain_and_stays() -> None:
    inspection = Inspection("raw")
    content = disks.smallest_qcow2(MIB, backing=512)
    inspection(content[:600])
    with pytest.raises(UnsafeImage):
        inspection(content[600:])
    with pytest.raises(UnsafeImage):
        inspection.verdict()


def test_an_impossible_size_is_refused() -> None:
    with pytest.raises(UnsafeImage, match="impossible size"):
        inspect(disks.smallest_qcow2(2**64 - 1), "qcow2")


HEADERS = [
    disks.udf()[:50_000],
    disks.kernel()[:4096],
    disks.fat()[:4096],
    disks.fixed_vhd(bytes(2048)),
    disks.smallest_qcow2(MIB, version=3)[:4096],
    disks.sparse_vmdk(SAFE_VMDK)[:16384],
    disks.iso(),
    disks.partitioned()[:4096],
    b"conectix".ljust(4096, b"\0"),
    b"LUKS\xba\xbe\0\1".ljust(4096, b"\0"),
    (b"vhdxfile".ljust(196608, b"\0") + b"regi" + struct.pack("<III", 0, 3, 0)).ljust(
        400_000, b"\1"
    ),
    disks.vmdk_descriptor(),
]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    header=st.sampled_from(HEADERS),
    changes=st.lists(
        st.tuples(st.integers(0, 1200), st.binary(min_size=1, max_size=9)), max_size=6
    ),
    cut=st.integers(0, 400_000),
    tail=st.integers(0, 3),
    claimed=st.sampled_from(["raw", "qcow2", "vmdk", "vhdx", "iso", "luks", "gpt", "vhd", "ami"]),
)
def test_spoilt_headers_are_taken_or_refused(
    header: bytes, changes: list[tuple[int, bytes]], cut: int, tail: int, claimed: str
) -> None:
    content = bytearray(header)
    for start, value in changes:
        content[start : start + len(value)] = value
    size: int | None = None
    with suppress(FormatMismatch, UnsafeImage):
        size = inspect(bytes(content[:cut]) + bytes(tail * BLOCK), claimed)
    assert size is None or 0 <= size < 2**63


def test_inspectors_hold_little() -> None:
    vmdk = struct.pack("<4sIIQQQQIQQ", b"KDMV", 1, 3, 1, 1, 1, 2**40, 512, 0, 2**64 - 1)
    inspection = Inspection("vmdk")
    inspection(vmdk.ljust(BLOCK, b"a"))
    for _ in range(40):
        inspection(b"a" * BLOCK)
    held = sum(sum(one.context_info.values()) for one in inspection.inspectors)
    assert held < 3 * MIB
    with pytest.raises(UnsafeImage):
        inspection.verdict()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error_code", "")


@pytest.mark.parametrize(
    ("claimed", "make", "code", "word"),
    [
        ("qcow2", lambda: NOISE, "format_mismatch", "its data is raw"),
        ("raw", lambda: HOSTILE["backing file"][0] + NOISE, "unsafe_image", "backing"),
        ("vmdk", lambda: HOSTILE["flat extent inside"][0], "unsafe_image", "subformat"),
        ("raw", lambda: HOSTILE["short descriptor"][0], "unsafe_image", "descriptor"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_a_refused_upload_leaves_nothing_and_can_be_repeated(
    ada: Client, claimed: str, make: Callable[[], bytes], code: str, word: str, chunked: bool
) -> None:
    image_id = ada.queued(disk_format=claimed)
    content = make()
    answer = ada.put(image_id, iter([content]) if chunked else content, Accept="application/json")
    assert refusal(answer) == (415, code)
    assert word in answer.json()["message"]
    shown = ada.caller.show(image_id).json()
    assert [shown[k] for k in ("status", "size", "checksum", "os_hash_value", "virtual_size")] == [
        "queued",
        None,
        None,
        None,
        None,
    ]
    assert "stores" not in shown
    assert eventually(lambda: nothing_is_left(image_id))
    assert ada.get(image_id).status_code == 204
    good = disks.smallest_qcow2(MIB) if claimed == "qcow2" else disks.sparse_vmdk(SAFE_VMDK)
    assert ada.put(image_id, good).status_code == 204, "the second try"
    assert ada.get(image_id).content == good
    assert len(blobs_on_disk()) == 1


def test_a_large_refused_upload_gets_its_answer(ada: Client) -> None:
    image_id = ada.queued(disk_format="qcow2")
    answer = ada.put(image_id, iter([NOISE] * 8), Accept="application/json")
    assert refusal(answer) == (415, "format_mismatch")


def test_virtual_size(ada: Client) -> None:
    image_id = ada.queued(disk_format="qcow2")
    assert ada.put(image_id, disks.smallest_qcow2(5 << 30)).status_code == 204
    assert ada.caller.show(image_id).json()["virtual_size"] == 5 << 30


def test_other_containers_are_not_inspected(ada: Client) -> None:
    image_id = ada.queued(disk_format="vmdk", container_format="ova")
    assert ada.put(image_id, NOISE).status_code == 204
    assert ada.caller.show(image_id).json()["virtual_size"] is None


def test_the_operator_decides_about_claims(ada: Client, settings: Any) -> None:
    image_id = ada.queued(disk_format="qcow2")
    config = replace(settings.VITRINE[ImageDataConfig], require_image_format_match=False)
    settings.VITRINE = {**settings.VITRINE, ImageDataConfig: config}
    assert ada.put(image_id, HOSTILE["qed"][0]).status_code == 415
    assert ada.put(image_id, NOISE).status_code == 204


def test_every_refusal_is_the_catalogs() -> None:
    for content, _ in HOSTILE.values():
        with pytest.raises(CatalogError):
            inspect(content, "raw")


@pytest.mark.parametrize("claimed", ["gpt", "luks"])
def test_formats_that_operators_may_add(ada: Client, settings: Any, claimed: str) -> None:
    """The size inside is what lies behind the header: all of it for gpt, what follows the key slots for luks."""
    luks = b"LUKS\xba\xbe\0\1".ljust(104, b"\0") + struct.pack(">I", 4096)
    content, inside = {
        "gpt": (disks.partitioned(), MIB),
        "luks": (luks.ljust(5 * MIB, b"\0"), 3 * MIB),
    }[claimed]
    refused = ada.caller.call("POST", "/v2/images", {"disk_format": claimed})
    assert refused.status_code == 400, "not unless they are added"
    config = settings.VITRINE[ImagesConfig]
    added = replace(config, disk_formats=(*config.disk_formats, "gpt", "luks"))
    settings.VITRINE = {**settings.VITRINE, ImagesConfig: added}
    image_id = ada.queued(disk_format=claimed)
    assert ada.put(image_id, NOISE).status_code == 415
    assert ada.put(image_id, content).status_code == 204
    assert ada.caller.show(image_id).json()["virtual_size"] == inside
