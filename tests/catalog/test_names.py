"""The rule for names that stand in addresses, beside what clients make of them."""

from urllib.parse import quote, unquote, urlsplit

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from openstack.utils import urljoin

from catalog.names import InvalidName, require_addressable

PARENT = "http://127.0.0.1/image/v2/tags"
TEXTS = st.text(st.sampled_from("ab./\n\t\x7f\x85 %?#+:;é☁\\") | st.characters(codec="utf-8"))


def addressable(name: str, **rule) -> bool:
    try:
        require_addressable(name, "tag", **rule)
    except InvalidName:
        return False
    return True


def arrives(spelled: str) -> set[str]:
    """The names at the ends of the addresses that requests and openstacksdk make of a spelled one."""
    found = set()
    for address in (f"{PARENT}/{spelled}", urljoin(PARENT, spelled)):
        sent = urlsplit(requests.Request("DELETE", address).prepare().url or "")
        parent, _, name = sent.path.removeprefix("/image/v2/").partition("/")
        found.add(unquote(name) if (parent, sent.query, sent.fragment) == ("tags", "", "") else "")
    return found


@given(TEXTS)
@example("a/b")
@example("reg:5000/app")
@example("https://example.org/a")
@example("100%")
@example("%41%2F")
@example("...")
@example("a/.../b")
@example("a/./b")
@example("a/..")
@example("/a")
@example("a/")
def test_what_is_no_refused_name_arrives_as_it_is(name: str) -> None:
    """Whether its slashes are escaped or not: clients do either."""
    if addressable(name):
        assert arrives(quote(name, safe="")) == arrives(quote(name)) == {name}


@pytest.mark.parametrize(
    "name", ["", "a/", "/a", "/", ".", "..", "a/..", "../a", "a/./b", "a\nb", "\t", "\x7f", "\x85"]
)
def test_what_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match="no tag can be named"):
        require_addressable(name, "tag")


@pytest.mark.parametrize(
    "name", ["a", "a/b", "a//b", "...", ".a", "a.", "..a/b..", "é☁", " ", "?#%"]
)
def test_what_is_not(name: str) -> None:
    assert addressable(name)


def test_addresses_may_have_no_room_for_slashes_or_lead_on() -> None:
    assert not addressable("a/b", slashes=False)
    assert not addressable("a/moves", below=["moves"])
    assert addressable("moves", below=["moves"])
