"""Modules stay small enough to be read, and are named by what they are about."""

from tests.architecture import source

LONGEST = 400
NAMELESS = {"utils", "util", "helpers", "helper", "misc", "common", "extras", "tools"}


def test_no_module_is_longer_than_anybody_reads() -> None:
    lengths = {
        str(path.relative_to(source.ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in source.files()
    }
    assert len(lengths) > 100
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_no_module_is_named_after_nothing() -> None:
    nameless = [p for p in source.files(migrations=True) if NAMELESS & {p.stem, *p.parts}]
    assert nameless == []
