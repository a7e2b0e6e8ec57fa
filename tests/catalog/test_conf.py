"""Settings: where they come from, and that every wrong one is told in a sentence that names it."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from catalog.conf import CatalogConfig, ConfigurationError, Section, parse, setting


@dataclass(frozen=True, kw_only=True)
class Example(Section):
    prefix: ClassVar[str] = "example"

    count: int = setting(3, help="A number.")
    name: str | None = setting(None, help="A name.")
    flag: bool = setting(False, help="Yes or no.")
    kind: Literal["a", "b"] = setting("a", help="One of two.")
    words: tuple[str, ...] = setting((), help="Words.")
    place: Path = setting(Path("x"), help="A path.")
    pause: float = setting(1.0, help="Seconds.")


def test_environment_wins_over_file_wins_over_default() -> None:
    found = parse(
        Example,
        {"VITRINE_EXAMPLE_COUNT": "7"},
        {"example": {"count": 5, "kind": "b", "words": ["u", "v"]}},
    )
    assert (found.count, found.kind, found.words, found.flag) == (7, "b", ("u", "v"), False)


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [
        ("COUNT", "many", "must be a whole number"),
        ("COUNT", "2.5", "must be a whole number"),
        ("PAUSE", "soon", "must be a number"),
        ("PAUSE", "nan", "must be a number"),
        ("FLAG", "perhaps", "true or false"),
        ("KIND", "c", "a, b"),
    ],
)
def test_a_wrong_value_is_named(variable: str, value: str, word: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(Example, {f"VITRINE_EXAMPLE_{variable}": value}, {})
    assert f"VITRINE_EXAMPLE_{variable}" in refused.value.problems[0]
    assert word in refused.value.problems[0]


@pytest.mark.parametrize("value", [2.5, True, "x", []])
def test_a_number_in_the_file_is_a_number(value: object) -> None:
    with pytest.raises(ConfigurationError, match="must be a whole number"):
        parse(Example, {}, {"example": {"count": value}})
    assert parse(Example, {}, {"example": {"count": 4, "pause": 2}}).pause == 2.0


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(Example, {"VITRINE_EXAMPLE_COUNT": "x", "VITRINE_EXAMPLE_FLAG": "y"}, {})
    assert len(refused.value.problems) == 2


def test_the_catalogs_own_section_checks_itself() -> None:
    with pytest.raises(ConfigurationError, match="VITRINE_POLICY_FILE"):
        parse(CatalogConfig, {"VITRINE_POLICY_FILE": "/no/such/file"}, {})
    with pytest.raises(ConfigurationError, match="VITRINE_PAGE_SIZE"):
        parse(CatalogConfig, {"VITRINE_PAGE_SIZE": "0"}, {})
    for wrong in ({"VITRINE_PAGE_LIMIT": "-3"}, {"VITRINE_PAGE_SIZE": "2000"}):
        with pytest.raises(ConfigurationError) as refused:
            parse(CatalogConfig, wrong, {})
        [said] = refused.value.problems
        assert said.startswith(*wrong)
    assert parse(
        CatalogConfig, {"VITRINE_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2"}, {}
    ).trusted_proxies == ("10.0.0.1", "10.0.0.2")
