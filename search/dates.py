"""Dates as Elasticsearch reads them: ISO 8601 with parts left out, epoch milliseconds, and date mathematics.

``2024-02`` as an upper bound (`up`) ends on 1 February: hours, minutes, seconds and milliseconds are filled upwards,
months and days are not, and nothing is where ``||`` follows. ``now-1d``, ``now/d``, ``2024-02-01||+1M/d``.
"""

import calendar
import re
from datetime import UTC, datetime, timedelta

from catalog.clock import now

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ISO = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)?)?)?)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_MILLISECONDS = re.compile(r"-?\d{5,}")
_MATH = re.compile(r"(?:(?P<sign>[+-])(?P<count>\d{0,6})|(?P<cut>/1?))(?P<unit>[yMwdhHms])")
_STEPS = {"w": "weeks", "d": "days", "h": "hours", "H": "hours", "m": "minutes", "s": "seconds"}


def parse(value: str | float | datetime, *, up: bool = False) -> datetime:
    """The moment, cut to milliseconds; ValueError when the text is no date or lies outside years 1 to 9999."""
    try:
        if isinstance(value, datetime):
            return _cut(value if value.tzinfo else value.replace(tzinfo=UTC))
        if isinstance(value, int | float):
            return from_epoch(int(value))
        return _text(value.strip(), up)
    except OverflowError:
        raise ValueError(f"the date {value} is out of range") from None


def to_epoch(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - _EPOCH) // _MILLISECOND


def from_epoch(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def iso(milliseconds: int) -> str:
    """`2026-01-02T03:04:05.678Z`, as aggregations show dates."""
    return from_epoch(milliseconds).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def floor(moment: datetime, unit: str) -> datetime:
    """The beginning of the unit: y, q (quarter), M, w (Monday), d, h, m, s."""
    if unit in "yqM":
        month = {"y": 1, "q": (moment.month - 1) // 3 * 3 + 1, "M": moment.month}[unit]
        return datetime(moment.year, month, 1, tzinfo=UTC)
    if unit == "w":
        return floor(moment, "d") - timedelta(days=moment.weekday())
    cut: dict[str, int] = {"microsecond": 0}
    for name, coarser in (("second", "mhHd"), ("minute", "hHd"), ("hour", "d")):
        if unit in coarser:
            cut[name] = 0
    return moment.replace(**cut)  # type: ignore[arg-type] # the keys are times of a day


def step(moment: datetime, unit: str, count: int) -> datetime:
    """`count` units later; months keep the day where the month has it."""
    if unit in "yqM":
        total = moment.year * 12 + moment.month - 1 + count * {"y": 12, "q": 3, "M": 1}[unit]
        year, month = divmod(total, 12)
        if not 1 <= year <= 9999:
            raise OverflowError
        day = min(moment.day, calendar.monthrange(year, month + 1)[1])
        return moment.replace(year=year, month=month + 1, day=day)
    return moment + timedelta(**{_STEPS[unit]: count})


def _text(text: str, up: bool) -> datetime:
    if text.startswith("now"):
        return _mathematics(now(), text.removeprefix("now"), text, up)
    stem, sum_follows, sums = text.partition("||")
    if _MILLISECONDS.fullmatch(stem):
        return _mathematics(from_epoch(int(stem)), sums, text, up)
    found = _ISO.fullmatch(stem)
    if found is None:
        raise ValueError(
            f"{text!r} is no date; write 2026-01-31T12:00:00Z, 2026-01, now-1d or now/d"
        )
    return _mathematics(_moment(found, up and not sum_follows), sums, text, up)


def _moment(found: re.Match[str], up: bool) -> datetime:
    parts = found.groupdict()
    fill = {"hour": 23, "minute": 59, "second": 59} if up else {}
    fraction = parts["fraction"] or ("999" if up and parts["second"] is None else "0")
    moment = datetime(
        int(parts["year"]),
        int(parts["month"] or 1),
        int(parts["day"] or 1),
        int(parts["hour"] or fill.get("hour", 0)),
        int(parts["minute"] or fill.get("minute", 0)),
        int(parts["second"] or fill.get("second", 0)),
        int(fraction[:3].ljust(3, "0")) * 1000,
        tzinfo=UTC,
    )
    zone = parts["zone"]
    if zone and zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        moment = moment - offset if zone[0] == "+" else moment + offset
    return moment


def _mathematics(moment: datetime, sums: str, text: str, up: bool) -> datetime:
    at = 0
    for one in _MATH.finditer(sums):
        if one.start() != at:
            break
        at, unit = one.end(), one["unit"]
        if not one["cut"]:
            moment = step(moment, unit, int(one["sign"] + (one["count"] or "1")))
        else:
            moment = floor(moment, unit)
            moment = step(moment, unit, 1) - _MILLISECOND if up else moment
    if at != len(sums):
        raise ValueError(f"{text!r}: {sums[at:]!r} is no date mathematics; write +1M, -2d or /d")
    return _cut(moment)


def _cut(moment: datetime) -> datetime:
    return from_epoch(to_epoch(moment))
