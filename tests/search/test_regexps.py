"""Ranges of texts as regular expressions."""

import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from search.engines.embedded import regexps

texts = st.text(st.sampled_from("ab-]^\\\x01\n\ud7ff\ue000\U0010ffff日z"), max_size=4)


@settings(max_examples=300, deadline=None)
@given(
    low=texts, high=texts | st.none(), with_low=st.booleans(), with_high=st.booleans(), one=texts
)
def test_a_range_is_what_lies_between(
    low: str, high: str | None, with_low: bool, with_high: bool, one: str
) -> None:
    assume(high is None or low < high or (low == high and with_low and with_high))
    expression = regexps.between(low, high, with_low=with_low, with_high=with_high)
    above = one >= low if with_low else one > low
    below = high is None or (one <= high if with_high else one < high)
    assert (re.fullmatch(expression, one) is not None) == (above and below)


def test_a_bound_of_some_length_is_not_too_much_for_tantivy() -> None:
    assert len(regexps.between("x" * 100, "y" * 100, with_low=True, with_high=True)) < 5000
