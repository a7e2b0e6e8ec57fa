"""Dates as Elasticsearch reads them."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.clock import now
from search import dates


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2024-02", "2024-02-01T00:00:00.000Z", "2024-02-01T23:59:59.999Z"),
        ("2024", "2024-01-01T00:00:00.000Z", "2024-01-01T23:59:59.999Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000Z", "2024-02-29T23:59:59.999Z"),
        ("2024-02-29T10", "2024-02-29T10:00:00.000Z", "2024-02-29T10:59:59.999Z"),
        ("2024-02-29T10:11:12", "2024-02-29T10:11:12.000Z", "2024-02-29T10:11:12.000Z"),
        ("2024-02-29 10:11:12.3456", "2024-02-29T10:11:12.345Z", "2024-02-29T10:11:12.345Z"),
        ("2024-02-29T10:11:12+02:00", "2024-02-29T08:11:12.000Z", "2024-02-29T08:11:12.000Z"),
        ("2024-02-29T10:11:12Z", "2024-02-29T10:11:12.000Z", "2024-02-29T10:11:12.000Z"),
        ("2024-01-31||+1M", "2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00.000Z"),
        ("2024-05-17||/M", "2024-05-01T00:00:00.000Z", "2024-05-31T23:59:59.999Z"),
        ("2024-05-17||/w", "2024-05-13T00:00:00.000Z", "2024-05-19T23:59:59.999Z"),
        ("2024-05-17||-1y+2d", "2023-05-19T00:00:00.000Z", "2023-05-19T00:00:00.000Z"),
        ("2024-05||", "2024-05-01T00:00:00.000Z", "2024-05-01T00:00:00.000Z"),
        ("2024-05-17||+M/1d", "2024-06-17T00:00:00.000Z", "2024-06-17T23:59:59.999Z"),
        ("1714564800000||/d", "2024-05-01T00:00:00.000Z", "2024-05-01T23:59:59.999Z"),
        ("1714564800000", "2024-05-01T12:00:00.000Z", "2024-05-01T12:00:00.000Z"),
        ("-62135596800000", "0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000Z"),
    ],
)
def test_bounds(text: str, low: str, high: str) -> None:
    assert dates.iso(dates.to_epoch(dates.parse(text))) == low
    assert dates.iso(dates.to_epoch(dates.parse(text, up=True))) == high


def test_now() -> None:
    assert abs(dates.parse("now") - now()) < timedelta(minutes=5)
    assert abs(dates.parse("now-1d") - (now() - timedelta(days=1))) < timedelta(minutes=5)
    assert dates.parse("now/d").hour == 0
    assert dates.parse("now/d", up=True).hour == 23


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2024-13", "2024-02-30", "2024-1-1", "now-", "now+1", "now-1x", "now/2d",
     "2024||", "24", "9999-12-31||+1d", "now+999999y", "99999999999999999", "2024-01-01T25",
     "2024-01-01||+1M junk", "nowhere"],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    if text == "2024||":
        assert dates.parse(text) == datetime(2024, 1, 1, tzinfo=UTC)
        return
    with pytest.raises(ValueError):  # noqa: PT011 - any sentence will do
        dates.parse(text)


def test_before_the_epoch() -> None:
    moment = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert dates.to_epoch(moment) == -1
    assert dates.iso(-1) == "1969-12-31T23:59:59.999Z"
    assert dates.from_epoch(dates.to_epoch(dates.parse(moment))) == dates.parse(moment)


def test_units() -> None:
    moment = datetime(2024, 5, 17, 13, 14, 15, 160_000, tzinfo=UTC)
    shown = {unit: dates.iso(dates.to_epoch(dates.floor(moment, unit))) for unit in "yqMwdhms"}
    assert shown == {
        "y": "2024-01-01T00:00:00.000Z",
        "q": "2024-04-01T00:00:00.000Z",
        "M": "2024-05-01T00:00:00.000Z",
        "w": "2024-05-13T00:00:00.000Z",
        "d": "2024-05-17T00:00:00.000Z",
        "h": "2024-05-17T13:00:00.000Z",
        "m": "2024-05-17T13:14:00.000Z",
        "s": "2024-05-17T13:14:15.000Z",
    }
