"""Who may see and change definitions: 404 for what is hidden, 403 for what is only read."""

import pytest
from oslo_policy import policy as oslo

from catalog import policy
from metadefs.policies import DEFAULTS
from tests.metadefs.callers import ADMIN, ANNA, BERT, GUEST
from tests.metadefs.conftest import ROOT, cores, make

CONTENTS = {
    "properties": {"p": cores()},
    "objects": [{"name": "o"}],
    "tags": [{"name": "t"}],
    "resource_type_associations": [{"name": "T", "prefix": "x_"}],
}
READS = [
    "/N", "/N/properties", "/N/properties/p", "/N/properties/x_p?resource_type=T", "/N/objects",
    "/N/objects/o", "/N/tags", "/N/tags/t", "/N/resource_types",
]  # fmt: skip
WRITES = [
    ("PUT", "/N", {"namespace": "N"}),
    ("DELETE", "/N", None),
    ("POST", "/N/properties", {"name": "q", **cores()}),
    ("PUT", "/N/properties/p", {"name": "q", **cores()}),
    ("DELETE", "/N/properties/p", None),
    ("DELETE", "/N/properties", None),
    ("POST", "/N/objects", {"name": "q"}),
    ("PUT", "/N/objects/o", {"name": "q"}),
    ("DELETE", "/N/objects/o", None),
    ("DELETE", "/N/objects", None),
    ("POST", "/N/tags", {"tags": [{"name": "q"}]}),
    ("POST", "/N/tags/q", None),
    ("PUT", "/N/tags/t", {"name": "q"}),
    ("DELETE", "/N/tags/t", None),
    ("DELETE", "/N/tags", None),
    ("POST", "/N/resource_types", {"name": "Q"}),
    ("DELETE", "/N/resource_types/T", None),
]

# who, visibility and owner of the namespace, status of reading, status of writing
SEEN = [
    (ADMIN, "private", "one", 200, None),
    (ANNA, "private", "one", 200, 403),
    (ANNA, "public", "two", 200, 403),
    (BERT, "private", "one", 404, 404),
    (BERT, "public", "one", 200, 403),
    (GUEST, "private", "one", 404, 404),
    (GUEST, "public", "one", 404, 404),
]


@pytest.mark.parametrize("case", SEEN, ids=str)
def test_rights(api, case):
    who, visibility, owner, read, write = case
    make(api, "N", visibility=visibility, owner=owner, **CONTENTS)
    before = api("GET", "/N").json()
    for path in READS:
        assert api.as_(who)("GET", path).status_code == read, path
    for method, path, body in WRITES:
        if write is not None:
            assert api.as_(who)(method, path, body).status_code == write, (method, path)
    assert api("GET", "/N").json() == before


def test_an_admin_may_do_all_of_it(api):
    for method, path, body in WRITES:
        make(api, "N", **CONTENTS)
        assert api(method, path, body).status_code in {200, 201, 204}, (method, path)
        if (method, path) != ("DELETE", "/N"):
            assert api("DELETE", "/N").status_code == 204


def test_lists_hold_what_the_caller_sees(api):
    make(api, "shared", owner="two")
    make(api, "ones", visibility="private", owner="one")
    make(api, "twos", visibility="private", owner="two")

    def listed(who):
        return {n["namespace"] for n in api.as_(who)("GET", "").json()["namespaces"]}

    assert listed(ADMIN) == {"shared", "ones", "twos"}
    assert listed(ANNA) == {"shared", "ones"}
    assert listed(BERT) == {"shared", "twos"}
    assert api.as_(GUEST)("GET", "").status_code == 403
    assert api.as_(ANNA)("GET", "?marker=twos").status_code == 404
    assert api.as_(ANNA)("GET", f"{ROOT}/resource_types").status_code == 200
    assert api.as_(GUEST)("GET", f"{ROOT}/resource_types").status_code == 403


def test_only_admins_make_namespaces(api):
    body = {"namespace": "N", **CONTENTS}
    for who in (ANNA, GUEST):
        answer = api.as_(who)("POST", "", body)
        assert answer.status_code == 403
        assert answer.json()["error_code"] == "forbidden"
    assert api("POST", "", body).status_code == 201


@pytest.fixture
def override(monkeypatch):
    """Rules that an operator overrides."""

    def lay(**rules: str) -> None:
        known = [d for d in DEFAULTS if d.name not in rules]
        given = [oslo.RuleDefault(name, check) for name, check in rules.items()]
        monkeypatch.setattr(policy, "_defaults", {d.name: d for d in (*known, *given)})
        policy.register([])

    yield lay
    monkeypatch.undo()
    policy.register([])


def test_an_operator_opens_and_closes_single_calls(api, override):
    make(api, "N", owner="one", **CONTENTS)
    override(add_metadef_tag="role:member", get_metadef_objects="role:admin")
    assert api.as_(ANNA)("POST", "/N/tags/q").status_code == 201
    assert api.as_(ANNA)("POST", "/N/tags", {"tags": [{"name": "r"}]}).status_code == 403
    assert api.as_(ANNA)("GET", "/N/objects").status_code == 403
    assert api.as_(ANNA)("GET", "/N").status_code == 403
    assert api.as_(ANNA)("GET", "/N/properties").status_code == 200
    override(add_metadef_namespace="role:member")
    assert api.as_(ANNA)("POST", "", {"namespace": "M"}).status_code == 201
    assert api.as_(ANNA)("POST", "", {"namespace": "O", "tags": [{"name": "t"}]}).status_code == 403
    assert api("GET", "/O").status_code == 404
