"""Lucene's query string, taken apart by the grammar of its classic parser, which Elasticsearch uses.

::

    query   = clause { [AND | OR | && | "||"] clause }
    clause  = words | [+ | - | NOT | !] [field :] ( "(" query ")" | word | "phrase" | pat*rn | [low TO high] )
    words   = word word …                            side by side, without a sign or an operator: one text

It is kinder than that grammar in three places: a `/` within a word, a time of day, and `field:-5` need no escape.
What a clause means, and what AND does to the clauses beside it, `querystring` knows.
"""

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from search.errors import QueryRefused

DEPTH = 20
_SPACE = r" \t\n\r\u3000"
_FIRST = rf'(?:[^{_SPACE}+\-!():^\[\]"{{}}~*?\\/]|\\.)'
_NEXT = rf"(?:{_FIRST}|[-+/]|(?<=T\d\d):\d\d(?::\d\d)?)"
_TEXT = r'"(?:[^"\\]|\\.)*"'
_BOUND = rf"(?:{_TEXT}|[^{_SPACE}\]}}]+)"
_TOKEN = re.compile(
    rf"""
    (?P<space>[{_SPACE}]+)
    | (?P<quoted>{_TEXT})
    | (?P<bare>[-+!](?=[{_SPACE}]))
    | (?P<sign>[-+!])
    | (?P<open>\() | (?P<close>\)) | (?P<colon>:)
    | (?P<word>(?:{_FIRST}|[*?])(?:{_NEXT}|[*?])*)
    | (?P<range>[\[{{][{_SPACE}]*{_BOUND}[{_SPACE}]+TO[{_SPACE}]+{_BOUND}[{_SPACE}]*[\]}}])
    | (?P<regex>/(?:[^/\\]|\\.)*/)
    | (?P<fuzzy>~[0-9.]*) | (?P<weight>\^[0-9.]*)
    """,
    re.DOTALL | re.VERBOSE,
)
_BOUNDS = re.compile(rf"({_BOUND})[{_SPACE}]+TO[{_SPACE}]+(.*)", re.DOTALL)
_WILD = re.compile(r"(?<!\\)(?:\\\\)*[*?]")
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_OPERATORS: dict[str, Literal["AND", "OR"]] = {"AND": "AND", "&&": "AND", "OR": "OR", "||": "OR"}
_UNFIT = {
    "fuzzy": "fuzzy words and words with gaps between them (~)",
    "weight": "weights (^)",
    "regex": "regular expressions (/…/; write \\/ for a slash)",
}
_ENDS_A_TEXT = frozenset({"colon", "star", "fuzzy", "weight", "operator"})
"""What stands behind a word that is no part of the words before it."""
_INVALID = {
    '"': "a quotation mark is not closed",
    "[": "a range is written [1 TO 2] or {1 TO 2}",
    "{": "a range is written [1 TO 2] or {1 TO 2}",
    "]": "a range is written [1 TO 2]",
    "}": "a range is written {1 TO 2}",
    "\\": "nothing stands behind the \\ that could be escaped",
    "/": "a regular expression is not closed; write \\/ for a slash",
}


@dataclass(frozen=True, slots=True)
class Words:
    """One word, or several side by side, without their escapes."""

    text: str
    several: int = 1


@dataclass(frozen=True, slots=True)
class Quoted:
    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """As it is written, escapes and all."""

    written: str


@dataclass(frozen=True, slots=True)
class Star:
    """A `*` alone."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """None: open."""

    low: str | None
    high: str | None
    with_low: bool = True
    with_high: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    clauses: tuple["Clause", ...]


Node: TypeAlias = Words | Quoted | Pattern | Star | Bounds | Group


@dataclass(frozen=True, slots=True)
class Clause:
    """`joined`: the operator before it. `field`: without escapes; None where none is named, `*` for all."""

    node: Node
    joined: Literal["", "AND", "OR"] = ""
    sign: Literal["", "+", "-"] = ""
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A word as it stands in a query string, from `start` to `end`, and the field it is asked of."""

    word: str
    field: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str, depth: int = 1) -> Group:
    """The clauses of a query string that is not empty and lies so deep in its query. QueryRefused tells what cannot be
    read, and where.
    """
    reading = _Reading(text, _tokens(text))
    found = reading.group(depth)
    if reading.token.kind != "end":
        raise reading.refused("no parenthesis was opened")
    return found


def written(text: str) -> list[Written]:
    """The words that a query string which can be read asks for, those of phrases and groups left out, and what is
    forbidden.
    """
    tokens, found = _tokens(text), []
    for at, one in enumerate(tokens):
        if one.kind != "word" or tokens[at + 1].kind == "colon":
            continue
        first = at - 2 if at >= 2 and tokens[at - 1].kind == "colon" else at
        sign = tokens[first - 1] if first else one
        if sign.kind == "sign" and sign.text != "+":
            continue
        named = first < at and tokens[first].kind == "word"
        name = unescaped(tokens[first].text) if named else None
        found.append(Written(unescaped(one.text), name, one.at, one.at + len(one.text)))
    return found


def quoted(text: str) -> str:
    """The text as a phrase."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def as_word(value: str) -> str:
    """A value as a query string takes it: bare where it is a word, else as a phrase."""
    try:
        bare = [one.kind for one in _tokens(value)] == ["word", "end", "end", "end"]
    except QueryRefused:
        bare = False
    return value if bare and "\\" not in value else quoted(value)


def unescaped(text: str) -> str:
    r"""The text without escapes: `\:` is a colon, `\u0041` an A."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    try:
        return plain.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise QueryRefused(
            "the query string escapes half a character (\\ud800 to \\udfff)"
        ) from None


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            why = _INVALID.get(text[at], "this cannot stand here")
            raise QueryRefused.unreadable(
                f"the query string cannot be read at {text[at : at + 40]!r}: {why}", at
            )
        kind, image = str(match.lastgroup), match.group()
        if kind == "word":
            kind = _kind_of_word(image)
        if image in {"NOT", "!"} and kind != "bare":
            kind = "sign"
        if kind != "space":
            found.append(_Token(kind, image, at))
        at = match.end()
    return [*found, _Token("end", "", at), _Token("end", "", at), _Token("end", "", at)]


def _kind_of_word(image: str) -> str:
    if image == "*":
        return "star"
    if image in _OPERATORS:
        return "operator"
    if _WILD.search(image):
        return "pattern"
    if image[0] in "<>" and len(image) > 1:
        return "comparison"
    return "word"


@dataclass(slots=True)
class _Reading:
    text: str
    tokens: list[_Token]
    position: int = field(default=0)

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def refused(self, why: str) -> QueryRefused:
        where = self.text[self.token.at :][:40]
        place = f"at {where!r}" if where else "at its end"
        return QueryRefused.unreadable(
            f"the query string cannot be read {place}: {why}", self.token.at
        )

    def group(self, depth: int) -> Group:
        if depth > DEPTH:
            raise QueryRefused(f"the query string is nested deeper than {DEPTH} levels")
        clauses: list[Clause] = []
        while self.token.kind not in {"end", "close"} or not clauses:
            joined: Literal["", "AND", "OR"] = ""
            if clauses and self.token.kind == "operator":
                joined = _OPERATORS[self._taken().text]
            words = None if joined else self._words()
            clauses.append(self._clause(joined, depth) if words is None else Clause(words))
        return Group(tuple(clauses))

    def _taken(self) -> _Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def _words(self) -> Words | None:
        """Two words or more that are one text."""
        end = self.position
        while self.tokens[end].kind == "word" and self.tokens[end + 1].kind not in _ENDS_A_TEXT:
            end += 1
        if end - self.position < 2:
            return None
        found = self.tokens[self.position : end]
        self.position = end
        return Words(" ".join(unescaped(one.text) for one in found), len(found))

    def _clause(self, joined: Literal["", "AND", "OR"], depth: int) -> Clause:
        sign: Literal["", "+", "-"] = ""
        if self.token.kind == "sign":
            sign = "+" if self._taken().text == "+" else "-"
        name = self._field()
        node = self._node(depth, named=name is not None)
        if self.token.kind in {"fuzzy", "weight"}:
            self._unfit()
        return Clause(node, joined, sign, name)

    def _field(self) -> str | None:
        if self.tokens[self.position + 1].kind != "colon":
            return None
        token = self.token
        if token.kind == "pattern":
            raise self.refused("a pattern of fields is not understood; name each field")
        if token.kind not in {"word", "star"}:
            return None
        self.position += 2
        return "*" if token.kind == "star" else unescaped(token.text)

    def _node(self, depth: int, *, named: bool) -> Node:
        if self.token.kind == "open":
            self._taken()
            found = self.group(depth + 1)
            if self.token.kind != "close":
                raise self.refused("a parenthesis is not closed")
            self._taken()
            return found
        if named and self.token.kind == "sign" and self.token.text in "+-":
            return self._signed()
        return self._leaf()

    def _signed(self) -> Node:
        """`size:-5`: the sign belongs to the value."""
        sign = "-" if self._taken().text == "-" else ""
        if self.token.kind != "word":
            raise self.refused("a value is missing")
        return Words(sign + unescaped(self._taken().text))

    def _leaf(self) -> Node:
        token = self.token
        if token.kind in _UNFIT:
            self._unfit()
        if token.kind not in {"word", "bare", "star", "pattern", "quoted", "comparison", "range"}:
            raise self.refused("a word, a phrase or a parenthesis is missing here")
        self._taken()
        match token.kind:
            case "star":
                return Star()
            case "pattern":
                return Pattern(token.text)
            case "quoted":
                return Quoted(unescaped(token.text[1:-1]))
            case "comparison":
                return _comparison(token)
            case "range":
                return _range(token)
            case _:
                return Words(unescaped(token.text))

    def _unfit(self) -> None:
        before = self.tokens[self.position - 1].text if self.position else ""
        raise QueryRefused.unreadable(
            f"{_UNFIT[self.token.kind]} are not understood: {f'{before}{self.token.text}'[:80]}",
            self.token.at,
        )


def _comparison(token: _Token) -> Bounds:
    written = token.text
    sign = written[:2] if written[1] == "=" else written[:1]
    value = unescaped(written[len(sign) :])
    if not value:
        raise QueryRefused.unreadable(f"a value is missing behind {sign}", token.at)
    if sign[0] == ">":
        return Bounds(value, None, with_low=len(sign) == 2)
    return Bounds(None, value, with_high=len(sign) == 2)


def _range(token: _Token) -> Bounds:
    written = token.text
    inner = _BOUNDS.fullmatch(written[1:-1].strip(" \t\n\r\u3000"))
    if inner is None:
        raise QueryRefused.unreadable(f"a range is written [1 TO 2]: {written[:80]}", token.at)
    low, high = map(_bound, inner.groups())
    return Bounds(low, high, with_low=written[0] == "[", with_high=written[-1] == "]")


def _bound(written: str) -> str | None:
    if written == "*":
        return None
    if written.startswith('"') and written.endswith('"') and len(written) > 1:
        written = written[1:-1]
    return unescaped(written)
