"""Questions answered in plain Python, document by document, on nobody's account but this file's."""

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.search.reference.documents import PROPERTIES
from tests.search.reference.strings import Clause, Group, read

Document = Mapping[str, Any]
Test = Callable[[Document], bool]
KINDS = {
    "name": "text", "description": "text", "property_text": "text", "name.raw": "keyword",
    "description.raw": "keyword", "tags": "keyword", "id": "keyword", "status": "keyword", "visibility": "keyword",
    "owner": "keyword", "format": "keyword", "size": "long", "weight": "double", "valid": "boolean",
    "created_at": "date", "updated_at": "date", **PROPERTIES,
}  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FREE = ("name", "description", "property_text", "tags")
SIDES: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le,
}  # fmt: skip


class Unfit(Exception):
    """The field cannot hold such a value."""


def nothing(_: Document) -> bool:
    return False


def everything(_: Document) -> bool:
    return True


# What documents hold


def base(name: str) -> str:
    """The name without what says that a property, or a whole value, is meant; of a text that is said by `.raw`."""
    name = name.removeprefix("properties.")
    for twin in (".keyword", ".raw"):
        stem = name.removesuffix(twin)
        if stem != name and KINDS.get(stem, "text") != "text":
            return stem
    return name


def kind(name: str) -> str:
    return KINDS.get(base(name), "keyword")


def held(document: Document, name: str) -> list[Any]:
    """The values, as they compare: bytes, exact numbers, moments, truth."""
    field = base(name).removesuffix(".raw")
    found = (
        document.get("properties", {}).get(field)
        if base(name) in PROPERTIES
        else document.get(field)
    )
    several = found if isinstance(found, list) else [] if found is None else [found]
    return [value(one, kind(name)) for one in several]


def value(given: Any, kind: str) -> Any:
    match kind:
        case "long" | "double":
            return number(given)
        case "date":
            return moment(given, up=False)
        case "boolean":
            return truth(given)
        case _:
            return text(given).encode()


def text(given: Any) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)


def number(given: Any) -> Decimal:
    try:
        return Decimal(str(given))
    except InvalidOperation:
        raise Unfit(given) from None


def truth(given: Any) -> bool:
    if str(given).lower() not in {"true", "false"}:
        raise Unfit(given)
    return str(given).lower() == "true"


# Dates


def moment(written: Any, *, up: bool) -> datetime:
    """A number is milliseconds since 1970."""
    if isinstance(written, int):
        return EPOCH + timedelta(milliseconds=written)
    stem, bars, sums = written.partition("||")
    return added(day(stem, up=up and not bars), sums, up=up)


def day(written: str, *, up: bool) -> datetime:
    if re.fullmatch(r"\d{5,}", written):
        return EPOCH + timedelta(milliseconds=int(written))
    date, _, time = written.rstrip("Z").partition("T")
    parts = [int(one) for one in date.split("-")] + [1, 1]
    clock = re.findall(r"\d+", time)
    filled = ["23", "59", "59", "999"] if up else ["0", "0", "0", "0"]
    hours, minutes, seconds, thousandths = map(int, clock + filled[len(clock) :])
    try:
        start = datetime(parts[0], parts[1], parts[2], tzinfo=UTC)
    except ValueError:
        raise Unfit(written) from None
    return start + timedelta(
        hours=hours, minutes=minutes, seconds=seconds, milliseconds=thousandths
    )


def added(at: datetime, sums: str, *, up: bool) -> datetime:
    for sign, count, unit in re.findall(r"([+\-/])(\d*)([yMdhms])", sums):
        if sign == "/":
            at = floor(at, unit)
            at = later(at, unit, 1) - timedelta(milliseconds=1) if up else at
        else:
            at = later(at, unit, int(sign + (count or "1")))
    return at


def floor(at: datetime, unit: str) -> datetime:
    names = ["year", "month", "day", "hour", "minute", "second", "microsecond"]
    first = {"month": 1, "day": 1}
    cut = names["yMdhms".index(unit) + 1 :]
    return at.replace(**{name: first.get(name, 0) for name in cut})  # type: ignore[arg-type] # of a moment


def later(at: datetime, unit: str, count: int) -> datetime:
    if unit in "yM":
        months = at.year * 12 + at.month - 1 + count * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        for day_ in (at.day, 30, 29, 28):
            try:
                return at.replace(year=year, month=month + 1, day=min(at.day, day_))
            except ValueError:
                continue
    names = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    return at + timedelta(**{names[unit]: count})


# Words


def words(written: str) -> list[str]:
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", written) if not unicodedata.combining(c)
    )
    return re.findall(r"[\u4e00-\u9fff]|\d+(?:[.,]\d+)+|[^\W_\u4e00-\u9fff]+", plain.lower())


def texts(document: Document, name: str) -> list[list[str]]:
    found = document.get(name)
    return [words(one) for one in (found if isinstance(found, list) else [found] if found else [])]


def pattern(written: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|[*?]|[^\\*?]+", written, re.DOTALL)
    signs = {"*": ".*", "?": "."}
    plain = (signs.get(one, re.escape(one[1:] if one[0] == "\\" else one)) for one in parts)
    return re.compile("".join(plain), re.DOTALL)


# Leaves


def equal(name: str, wanted: Any) -> Test:
    if kind(name) == "date":
        return between(name, {"gte": wanted, "lte": wanted})
    asked = value(wanted, kind(name))
    return lambda document: asked in held(document, name)


def between(name: str, bounds: Mapping[str, Any]) -> Test:
    tests = []
    for side, resolved in bounds.items():
        if kind(name) == "date":
            edge: Any = moment(resolved, up=side in {"gt", "lte"})
        else:
            edge = value(resolved, kind(name))
        tests.append((SIDES[side], edge))
    return lambda document: any(
        all(test(one, edge) for test, edge in tests) for one in held(document, name)
    )


def exists(name: str) -> Test:
    return lambda document: bool(held(document, name))


def like(name: str, written: str) -> Test:
    """Of a text, one of its words; these are small letters without accents."""
    if kind(name) == "text":
        lowered = "".join(
            c for c in unicodedata.normalize("NFKD", written) if not unicodedata.combining(c)
        ).lower()
        looked = pattern(lowered)
        return lambda document: any(
            looked.fullmatch(word) for one in texts(document, name) for word in one
        )
    if kind(name) != "keyword":
        raise Unfit(name)
    looked = pattern(written)
    return lambda document: any(looked.fullmatch(one.decode()) for one in held(document, name))


def escaped(written: str) -> str:
    return re.sub(r"([*?\\])", r"\\\1", written)


def match(
    name: str, written: str, every: bool, *, free: bool = False, unfinished: bool = False
) -> Test | None:
    """None: the text is empty for this field."""
    if kind(name) == "text" or (free and kind(name) == "keyword"):
        parts = words(written) if kind(name) == "text" else [p for p in written.split() if words(p)]
        tests: list[Test] = [_has(name, part) for part in parts]
        if unfinished and parts:
            tests[-1] = like(name, escaped(parts[-1]) + "*")
        return (all_of(tests) if every else any_of(tests)) if tests else None
    if unfinished and kind(name) == "keyword":
        return like(name, escaped(written) + "*")
    return equal(name, written)


def _has(name: str, word: str) -> Test:
    if kind(name) != "text":
        return equal(name, word)
    return lambda document: any(word in one for one in texts(document, name))


def phrase(name: str, written: str) -> Test | None:
    if kind(name) != "text":
        return equal(name, written)
    wanted = words(written)
    if not wanted:
        return None
    return lambda document: any(
        one[at : at + len(wanted)] == wanted
        for one in texts(document, name)
        for at in range(len(one))
    )


def over(names: tuple[str, ...], leaf: Callable[[str], Test | None]) -> Test | None:
    """Any of the fields; of several, those that cannot hold the value are passed over."""
    if len(names) == 1:
        return leaf(names[0])
    found = []
    unfit = False
    for name in names:
        try:
            found.append(leaf(name))
        except Unfit:
            unfit = True
    tests = [test for test in found if test is not None]
    return any_of(tests) if tests or unfit else None


# Together


def all_of(tests: list[Test]) -> Test:
    return lambda document: all(test(document) for test in tests)


def any_of(tests: list[Test]) -> Test:
    return lambda document: any(test(document) for test in tests)


def combined(
    must: list[Test], should: list[Test], must_not: list[Test], least: int | None = None
) -> Test:
    needed = least if least is not None else 0
    if should and not must and needed < 1:
        needed = 1

    def test(document: Document) -> bool:
        return (
            all(one(document) for one in must)
            and not any(one(document) for one in must_not)
            and sum(one(document) for one in should) >= needed
        )

    return test


def question(body: Mapping[str, Any]) -> Test:  # noqa: PLR0911 - one for each kind
    """The test that a query document is."""
    ((name, given),) = body.items()
    match name:
        case "match_all":
            return everything
        case "match_none":
            return nothing
        case "constant_score":
            return question(given["filter"])
        case "bool":
            return _bool(given)
        case "ids":
            return lambda document: document["id"] in given["values"]
        case "exists":
            return exists(given["field"])
        case "query_string":
            return _string(given)
        case "multi_match":
            return _multi_match(given)
    ((field, options),) = given.items()
    return _leaf(name, field, options)


def _leaf(name: str, field: str, options: Any) -> Test:  # noqa: PLR0911 - one for each kind
    if name == "terms":
        return any_of([equal(field, one) for one in options])
    if name == "range":
        return between(field, options)
    short = {"match": "query", "match_phrase": "query"}.get(name, "value")
    given = options if isinstance(options, dict) else {short: options}
    match name:
        case "term":
            return equal(field, given["value"])
        case "prefix":
            return like(field, escaped(given["value"]) + "*")
        case "wildcard":
            return like(field, given["value"])
        case "match":
            return match_(field, given)
        case "match_phrase":
            return phrase(field, text(given["query"])) or nothing
    raise NotImplementedError(name)


def match_(field: str, given: Mapping[str, Any]) -> Test:
    every = given.get("operator", "or").lower() == "and"
    return match(field, text(given["query"]), every) or nothing


def _multi_match(given: Mapping[str, Any]) -> Test:
    fields, free = tuple(given.get("fields", FREE)), "fields" not in given
    every, how = given.get("operator", "or").lower() == "and", given.get("type", "best_fields")
    written = text(given["query"])
    if how == "phrase":
        return over(fields, lambda name: phrase(name, written)) or nothing
    unfinished = how == "bool_prefix"
    return (
        over(fields, lambda name: match(name, written, every, free=free, unfinished=unfinished))
        or nothing
    )


def _bool(given: Mapping[str, Any]) -> Test:
    parts = {
        occur: [question(one) for one in (clauses if isinstance(clauses, list) else [clauses])]
        for occur, clauses in given.items()
        if occur != "minimum_should_match"
    }
    should, least = parts.get("should", []), given.get("minimum_should_match")
    if isinstance(least, str):
        share = int(least.rstrip("%")) * len(should)
        least = share // 100 if share >= 0 else len(should) - -share // 100
    elif least is not None and least < 0:
        least = max(0, len(should) + least)
    must = parts.get("must", []) + parts.get("filter", [])
    if least and not should:
        return nothing
    if not given:
        return everything
    return combined(must, should, parts.get("must_not", []), least)


def _string(given: Any) -> Test:
    options = {"query": given} if isinstance(given, str) else given
    every = options.get("default_operator", "or").lower() == "and"
    fields = tuple(
        options.get("fields") or [options["default_field"]]
        if "default_field" in options or "fields" in options
        else ()
    )
    return _group(read(options["query"]), fields, None, every) or nothing


def _group(group: Group, fields: tuple[str, ...], field: str | None, every: bool) -> Test | None:
    signs: list[str] = []
    tests: list[Test] = []
    for one in group.clauses:
        if signs and signs[-1] != "-" and (one.before == "AND" or (one.before == "OR" and every)):
            signs[-1] = "+" if one.before == "AND" else ""
        test = _clause(one, fields, one.name or field, every)
        if test is None:
            continue
        tests.append(test)
        if one.sign == "-":
            signs.append("-")
        elif every:
            signs.append("" if one.before == "OR" else "+")
        else:
            signs.append("+" if one.sign == "+" or one.before == "AND" else "")
    if not tests:
        return None
    pairs = list(zip(signs, tests, strict=True))
    must, should, must_not = (
        [test for given, test in pairs if given == sign] for sign in ("+", "", "-")
    )
    return combined(must, should, must_not)


def _clause(one: Clause, fields: tuple[str, ...], field: str | None, every: bool) -> Test | None:  # noqa: PLR0911 - one for each kind
    if one.group is not None:
        return _group(one.group, fields, field, every)
    if field == "_exists_":
        return exists(one.text)
    free = not fields if field is None else field == "*"
    names = FREE if free else fields if field is None else (field,)
    match one.kind:
        case "star":
            return everything if free else any_of([exists(name) for name in names])
        case "range":
            return between(str(field), one.bounds)
        case "pattern":
            return over(names, lambda name: like(name, one.text))
        case "phrase":
            return over(names, lambda name: phrase(name, one.text))
        case _:
            return over(names, lambda name: match(name, one.text, every, free=free))
