"""The box of a page: words, or the query language; places of what cannot be read."""

import pytest

from catalog.query import Bool
from search import edit_distance
from search.errors import QueryRefused
from search.parsing import box, freetext, lucene, querystring
from search.schema import build

SCHEMA = build([], {})


@pytest.mark.parametrize(
    "text", ["", " ", "debian", "Debian 12", "C++", "a/b", "…", "my - image", "not and or", "10%"]
)
def test_words_are_words(text: str) -> None:
    assert box.is_words(text)
    assert box.parse(SCHEMA, text) == freetext.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "name:a", "a AND b", "a OR b", "a && b", "NOT a", "!a", "-a", "+a", "deb*", "de?ian", "*", '"a b"',
        "(a b)", "size:>5", "size:[1 TO 2]", "_exists_:x", r"a\:b", "a name:b",
    ],
)  # fmt: skip
def test_everything_else_is_the_language_of_query_strings(text: str) -> None:
    assert not box.is_words(text)
    assert box.parse(SCHEMA, text) == querystring.parse(SCHEMA, text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("(", 1), ("a (b", 4), ("a) b", 1), ('a "b', 2), ("a AND", 5), ("AND b", 0), ("name:", 5), ("a size:>=", 7),
        ("a [1 2]", 2), ("size:[1 TO", 5), ("a~2", 1), ("a ^2", 2), ("ab /x/", 3), ("na*:a", 0), ("a\\", 1),
        ("NOT", 3), ("a OR )", 5),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place(text: str, at: int) -> None:
    with pytest.raises(QueryRefused) as refused:
        box.parse(SCHEMA, text)
    assert refused.value.at == at


def test_a_refusal_of_what_can_be_read_has_no_place() -> None:
    with pytest.raises(QueryRefused) as refused:
        box.parse(SCHEMA, "a AND [1 TO 2]")
    assert refused.value.at is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ubunut jammy", [("ubunut", None), ("jammy", None)]),
        ("os_distro:ubunut AND web", [("ubunut", "os_distro"), ("web", None)]),
        ("-old +new NOT no !no yes", [("new", None), ("yes", None)]),
        ("-name:old size:-5 *:all", [("all", None)]),
        ('"a phrase" size:[1 TO 2] de* (in side)', [("in", None), ("side", None)]),
        (r"a\:b c\ d:e", [("a:b", None), ("e", "c d")]),
    ],
)
def test_words_and_their_fields_are_told(text: str, words: list[tuple[str, str | None]]) -> None:
    found = lucene.written(text)
    assert [(one.word, one.field) for one in found] == words
    assert all(lucene.unescaped(text[one.start : one.end]) == one.word for one in found)


@pytest.mark.parametrize("text", ['a "b" c', "a\\", '\\"', "reg:5000/app", "AND", "a:b"])
def test_a_text_can_be_written_as_a_phrase(text: str) -> None:
    assert lucene.parse(lucene.quoted(text)).clauses == (lucene.Clause(lucene.Quoted(text)),)


@pytest.mark.parametrize(
    ("value", "word"),
    [("ubuntu", "ubuntu"), ("22.04", "22.04"), ("a b", '"a b"'), ("AND", '"AND"'), ("a:b", '"a:b"'),
     ("a*", '"a*"'), (">5", '">5"'), ("a\\b", '"a\\\\b"'), ('"', '"\\""')],
)  # fmt: skip
def test_a_value_is_written_so_that_it_is_read_as_itself(value: str, word: str) -> None:
    assert lucene.as_word(value) == word
    node = lucene.parse(word).clauses[0].node
    assert isinstance(node, lucene.Words | lucene.Quoted)
    assert node.text == value


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [("ubuntu", "ubuntu", 0), ("ubunut", "ubuntu", 1), ("ubntu", "ubuntu", 1), ("ubuuntu", "ubuntu", 1),
     ("xbuntu", "ubuntu", 1), ("", "abc", 3), ("kitten", "sitting", 3)],
)  # fmt: skip
def test_slips_are_counted(one: str, other: str, far: int) -> None:
    assert edit_distance.distance(one, other) == edit_distance.distance(other, one) == far


def test_a_digest_is_looked_for_as_a_whole_value() -> None:
    digest = "D41D8CD98F00B204E9800998ECF8427E"
    plain, both = freetext.parse(digest), freetext.parse(digest, digests=("checksum",))
    assert plain != both
    assert "checksum" in str(both)
    assert "checksum" not in str(freetext.parse("cafe", digests=("checksum",)))


def test_a_word_too_long_to_be_unfinished_is_whole() -> None:
    assert isinstance(freetext.parse("a" * 128), Bool)
    assert "prefix=True" not in str(freetext.parse("a" * 128))
