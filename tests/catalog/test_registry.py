"""One class for what apps make known by name."""

import pytest

from catalog.registry import Registry, same_class


def test_what_is_registered_is_read_as_a_mapping_in_its_order() -> None:
    found: Registry[int] = Registry("number")
    found.register("one", 1)
    found.register("none", 0)
    assert dict(found) == {"one": 1, "none": 0}
    assert list(found) == ["one", "none"]
    with pytest.raises(KeyError):
        found["two"]


def test_a_name_has_one_value_and_takes_the_same_again() -> None:
    found: Registry[int] = Registry("number")
    found.register("one", 1)
    found.register("one", 1)
    with pytest.raises(ValueError, match=r"^number one is registered twice$"):
        found.register("one", 2)
    assert found["one"] == 1


def test_values_that_are_made_anew_are_the_same_by_their_class() -> None:
    found: Registry[object] = Registry("kind", same=same_class)
    found.register("x", [1])
    found.register("x", [2])
    assert found["x"] == [2]
    with pytest.raises(ValueError, match="twice"):
        found.register("x", {})
