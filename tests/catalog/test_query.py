"""Numbers of rows, as clients write them."""

import pytest

from catalog.query import MANY, count


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("25", 25),
        ("0000000000000000000000007", 7),
        ("2147483647", 2**31 - 1),
        ("9" * 18, MANY - 1),
        ("9" * 19, MANY),
        ("9" * 5000, MANY),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("٣", None),
        ("²", None),
        (" 1", None),
    ],
)
def test_numbers_of_rows(text: str, number: int | None) -> None:
    assert count(text) == number


def test_the_least() -> None:
    assert [count(text, least=1) for text in ("0", "000", "1", "01")] == [None, None, 1, 1]
