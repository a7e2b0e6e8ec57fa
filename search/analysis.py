r"""How text becomes words, alike in every engine.

A word is one character of a CJK script, a number with its inner points (``22.04``), or a run of letters, marks and
digits; it is folded to ASCII where it can be, lower-cased, and left out when longer than `LONGEST` characters. The same
rule stands twice, since Java and Rust write Unicode classes differently: `PATTERN` and `JAVA_PATTERN`.
"""

import re
from dataclasses import dataclass

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

LONGEST = 255
PATTERN = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
    r"|[0-9]+(?:[.,][0-9]+)+"
    r"|[[\p{L}\p{M}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]]+"
)
JAVA_PATTERN = (
    r"[\p{IsHan}\p{IsHiragana}\p{IsKatakana}\p{IsHangul}]"
    r"|[0-9]+(?:[.,][0-9]+)+"
    r"|[\p{L}\p{M}\p{N}&&[^\p{IsHan}\p{IsHiragana}\p{IsKatakana}\p{IsHangul}]]+"
)
MARKS = r"[\u0300-\u036f]"
"""Combining marks, taken out: a decomposed é is the same letter as a composed one."""
KEYWORD_LIMIT = 8191
"""Longer texts have no exact twin: in UTF-8 they may pass the 32766 bytes that Lucene allows a term."""

_marks = re.compile(MARKS)


def _analyser(tokenizer: Tokenizer) -> TextAnalyzer:
    return (
        TextAnalyzerBuilder(tokenizer)
        .filter(Filter.ascii_fold())
        .filter(Filter.lowercase())
        .build()
    )


_words = _analyser(Tokenizer.regex(PATTERN))
_whole = _analyser(Tokenizer.raw())


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text and where it stands, in characters."""

    text: str
    start: int
    end: int


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    return [word for word in _words.analyze(_marks.sub("", text)) if units(word) <= LONGEST]


def goes_on(word: str) -> bool:
    """Whether letters may follow in the same word; none do after a character of a CJK script."""
    return words(word + "a") != [word, "a"]


def placed_words(text: str) -> list[Word]:
    """The words with their places in `text` as it was written."""
    return [
        Word(word, token.char_offset_from, token.char_offset_to)
        for token in _words.pre_tokenize(text).tokens
        if (word := _marks.sub("", token.text))
    ]


def folded(text: str) -> str:
    """`text` as words are written, without being taken apart: for prefixes and patterns."""
    stripped = _marks.sub("", text)
    return "".join(_whole.analyze(stripped)) if stripped else ""


def units(text: str) -> int:
    """Length as Java counts it, in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
