"""Values that a snapshot inherits: marked, and not held against it, as far as its maker may know them of the base."""

from pathlib import Path
from typing import Any

import pytest

from artifacts.models import Artifact
from catalog.actors import system_actor
from metadefs.drafts import AssociationDraft, NamespaceDraft
from metadefs.services import namespaces
from tests.images.test_protections import everybody, protect
from tests.support.images import Caller, administrator, callers

__all__ = ["protect"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> tuple[Caller, Caller]:
    """Ada and Bob; afterwards what they make is governed: `hw_cores` is at most 8, `hw_kind` goes with it."""
    ada, bob = callers("ada", "bob")
    return ada, bob


def govern() -> None:
    """Made after the base, which has illegal values then."""
    cores = {"type": "integer", "title": "Cores", "maximum": 8}
    found = NamespaceDraft(
        namespace="N",
        visibility="public",
        properties={"cores": cores},
        associations=(AssociationDraft(name="OS::Glance::Image", prefix="hw_", mode="enforce"),),
    )
    namespaces.create(found, actor=system_actor("test"))


def snapshot(caller: Caller, base: Any, **properties: str) -> int:
    answer = caller.call("POST", "/v2/images", {"base_image_ref": base, **properties})
    if answer.status_code == 201:
        row = Artifact.objects.get(pk=answer.json()["id"])
        assert [one["property"] for one in row.violations] == ["hw_cores"], "it is marked"
    return int(answer.status_code)


def test_what_is_unchanged_is_not_held_against_it(people: tuple[Caller, Caller]) -> None:
    ada, bob = people
    base = ada.create(hw_cores="99")["id"]
    govern()
    assert snapshot(ada, base, hw_cores="99") == 201
    assert snapshot(ada, base.upper(), hw_cores="99") == 201
    assert snapshot(ada, base, hw_cores="98") == 400, "another value"
    assert snapshot(bob, base, hw_cores="99") == 400, "Bob does not see the base"
    for nothing in ("", "nothing", "\u0000", "0" * 300, "00000000-0000-4000-8000-000000000000"):
        assert snapshot(ada, nothing, hw_cores="99") == 400
    root = administrator()
    assert root.patch(base, {"op": "replace", "path": "/visibility", "value": "public"})
    assert snapshot(bob, base, hw_cores="99") == 201, "now he does"
    assert ada.call("DELETE", f"/v2/images/{base}").status_code == 204
    assert snapshot(ada, base, hw_cores="99") == 400, "it is gone"


def test_a_patch_may_take_over_what_the_base_has(people: tuple[Caller, Caller]) -> None:
    ada, _ = people
    base = ada.create(hw_cores="99")["id"]
    govern()
    own = ada.create(base_image_ref=base)["id"]
    add = {"op": "add", "path": "/hw_cores", "value": "99"}
    assert ada.patch(own, {**add, "value": "98"}).status_code == 400
    assert ada.patch(own, add).status_code == 200
    other = ada.create()["id"]
    assert ada.patch(other, add).status_code == 400
    name = {"op": "add", "path": "/base_image_ref", "value": base}
    assert ada.patch(other, name, add).status_code == 200, "in one patch"
    assert ada.patch(own, {"op": "remove", "path": "/base_image_ref"}).status_code == 200


def test_what_the_caller_may_not_read_of_the_base_does_not_count(
    people: tuple[Caller, Caller], protect: Any
) -> None:
    ada, _ = people
    base = ada.create(hw_cores="99")["id"]
    govern()
    secret = "[hw_cores]\ncreate = @\nread = admin\nupdate = @\ndelete = @\n"
    assert isinstance(protect(secret + everybody(".*")), Path)
    assert snapshot(ada, base, hw_cores="99") == 400
    assert snapshot(ada, base, hw_cores="98") == 400, "both alike"
    root = administrator()
    assert snapshot(root, base, hw_cores="99") == 201
