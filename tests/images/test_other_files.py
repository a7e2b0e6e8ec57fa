"""Whatever other file QEMU names for a disk image, the image was refused: headers made at random, a real `qemu-img`."""

import random
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from images.inspection import FormatMismatch, Inspection, UnsafeImage
from tests.support import disks

SECRET = "the-hosts-own"
ROUNDS = 120
MIB = 1 << 20

Chance = random.Random
Maker = Callable[[Chance, str], bytes]


def refused(content: bytes, claimed: str) -> bool:
    """Whether the image is taken by nobody, also where claims need not be true."""
    inspection = Inspection(claimed, require_match=False)
    try:
        for start in range(0, len(content), 300_000):
            inspection(content[start : start + 300_000])
        inspection.verdict()
    except (FormatMismatch, UnsafeImage):
        return True
    return False


def named_by_qemu(path: Path, *options: str) -> bool:
    tool = disks.qemu_img()
    assert tool is not None
    found = subprocess.run(
        [tool, "info", *options, "--output=json", str(path)],
        capture_output=True,
        check=False,
        timeout=30,
    )
    return SECRET.encode() in found.stdout + found.stderr


def some_case(chance: Chance, word: str) -> str:
    return chance.choice((word, word, word, word.lower(), word.upper()))


def descriptor(chance: Chance, secret: str) -> bytes:
    """Lines of a VMDK's descriptor, most of them well-formed, in some order, with or without something far behind."""
    gap = chance.choice((" ", " ", "\t", "  ", " \t"))
    types = ("monolithicSparse", "streamOptimized", "monolithicFlat", "vmfs", "twoGbMaxExtentFlat")
    first, second = chance.choice(types), chance.choice(types)
    extents = (
        gap.join(("RW", "8", "FLAT", f'"{secret}"', "0")),
        gap.join(("RW", "8", "VMFS", f'"{secret}"', "0")),
        gap.join(("RW", "8", "FLAT", f'"{secret}"', "0", "=")),
        gap.join((some_case(chance, "RW"), "2048", some_case(chance, "SPARSE"), '"disk.vmdk"')),
        'RW 2048 SPARSE "disk.vmdk"',
    )
    hint = f'{some_case(chance, "parentFileNameHint")}="{secret}"'
    lines = [
        chance.choice(
            ("", "# Disk DescriptorFile", f'#{some_case(chance, "createType")}="{first}"')
        ),
        "version=1",
        "CID=fffffffe",
        f"parentCID={chance.choice(('ffffffff', 'ffffffff', '00000001'))}",
        f'{some_case(chance, "createType")}="{chance.choice((first, second))}"',
        *chance.choices(extents, k=chance.choice((1, 1, 2))),
        *chance.choice(((), (), (hint,), (f"#{hint}",), (f"ddb.x = {hint}",))),
        'ddb.adapterType = "ide"',
    ]
    if chance.random() < 0.4:
        filler = "#" + "x" * chance.choice((200, 480, 900, 4000, 9000))
        lines.insert(chance.randrange(len(lines)), filler)
    text = chance.choice(("\n", "\n", "\r\n")).join(lines) + "\n"
    return text.encode() + chance.choice((b"", b"", b"\0", b"\xff"))


def vmdk(chance: Chance, secret: str) -> bytes:
    text = descriptor(chance, secret)
    if chance.random() < 0.2:
        return text.ljust(chance.choice((0, 1024, 90_000)), chance.choice((b"\0", b"\n")))
    offset = chance.choice((1, 1, 1, 1, 0, 2, 8))
    header = struct.pack(
        "<4sIIQQQQIQQQ",
        chance.choice((b"KDMV",) * 5 + (b"COWD",)),
        chance.choice((1, 1, 2, 3, 3, 4, 0)),
        chance.choice((1, 3, 0x30001)),
        chance.choice((0, 0, 8, 2048, 2048)),
        128,
        offset,
        chance.choice((1, 1, 2, 20, 20, 64, 4096, 0)),
        512,
        0,
        chance.choice((21, 21, 2**64 - 1)),
        128,
    ).ljust(512, b"\0")
    if header.startswith(b"COWD"):
        header = struct.pack("<4sIIIIIII", b"COWD", 1, 3, 2048, 128, 8, 1, 0).ljust(512, b"\0")
    content = header.ljust(512 * max(offset, 1), b"\n") + text
    return content.ljust(chance.choice((1024, 20_480, 90_000)), b"\0")


def qcow2(chance: Chance, secret: str) -> bytes:
    version = chance.choice((1, 2, 2, 3, 3, 3))
    bits = chance.choice((9, 12, 16, 16, 21))
    header = bytearray(
        disks.smallest_qcow2(
            MIB,
            version=version,
            backing=chance.choice((0, 0, 0, 300, 4096, 60_000)),
            features=chance.choice((0, 0, 0, 4, 8, 16)),
        )
    )
    if bits != 16 and chance.random() < 0.3:
        header[20:24] = struct.pack(">I", bits)
    name = secret.encode()
    if backing := struct.unpack_from(">Q", header, 8)[0]:
        header[backing : backing + len(name)] = name
        header[16:20] = struct.pack(">I", len(name))
    length = 72 if version < 3 else chance.choice((104, 104, 112, 200))
    if version >= 3:
        header[100:104] = struct.pack(">I", length)
    extensions = b""
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        kind = chance.choice((0x44415441, 0x44415441, 0xE2792ACA, 0x6803F857, 0x12345678, 0))
        value = name if kind == 0x44415441 else bytes(chance.choice((4, 48, 6000)))
        extensions += struct.pack(">II", kind, len(value)) + value.ljust(
            (len(value) + 7) // 8 * 8, b"\0"
        )
    if chance.random() < 0.9:
        end = length + len(extensions)
        header[length:end] = extensions
    return bytes(header)


def older(chance: Chance, secret: str) -> bytes:
    """QED, and the first qcow."""
    name = secret.encode()
    if chance.random() < 0.5:
        header = struct.pack(">4sIQIIQBBxx", b"QFI\xfb", 1, 200, len(name), 0, MIB, 12, 9)
        return (header + struct.pack(">IQ", 0, 48)).ljust(200, b"\0") + name.ljust(MIB, b"\0")
    features = chance.choice((1, 1, 5, 0))
    header = struct.pack(
        "<4sIIIQQQQQII", b"QED\0", 65536, 4, 1, features, 0, 0, 65536, MIB, 200, len(name)
    )
    return header.ljust(200, b"\0") + name.ljust(MIB, b"\0")


def spoilt(chance: Chance, secret: str) -> bytes:
    """One of the others, with some bytes changed, cut, or moved behind others."""
    content = bytearray(chance.choice((vmdk, vmdk, qcow2))(chance, secret))
    for _ in range(chance.choice((1, 2, 4))):
        at = chance.randrange(min(len(content), 600))
        content[at] = chance.choice((0, 1, 9, 10, 32, 35, 255, chance.randrange(256)))
    if chance.random() < 0.2:
        del content[chance.randrange(100, len(content)) :]
    return bytes(content)


def disks_of(make: Maker, folder: Path) -> Iterator[tuple[int, bytes, Path]]:
    secret = folder / SECRET
    secret.write_bytes(b"root:x:0:0:" * 400)
    for number in range(ROUNDS):
        chance = Chance(number)
        where = chance.choice((str(secret), SECRET))
        content = make(chance, where)
        path = folder / "disk"
        path.write_bytes(content)
        yield number, content, path


@pytest.mark.skipif(disks.qemu_img() is None, reason="qemu-img is not installed")
@pytest.mark.parametrize(
    ("make", "drivers", "least"),
    [
        (vmdk, ("vmdk",), 20),
        (qcow2, ("qcow2",), 20),
        (older, ("qcow", "qed"), 20),
        (spoilt, ("vmdk", "qcow2"), 5),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_no_other_file_that_qemu_names_is_let_in(
    tmp_path: Path, make: Maker, drivers: tuple[str, ...], least: int
) -> None:
    named = 0
    for number, content, path in disks_of(make, tmp_path):
        if named_by_qemu(path):
            named += 1
            for claimed in ("raw", "vmdk"):
                assert refused(content, claimed), f"{make.__name__} {number}, as {claimed}"
        for driver in drivers:
            if named_by_qemu(path, "-f", driver):
                assert refused(content, driver), (
                    f"{make.__name__} {number}, told that it is {driver}"
                )
    assert named >= least, "the headers must be good enough for QEMU to follow them"
