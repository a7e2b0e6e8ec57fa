"""Definitions from files and back, through the commands."""

import io
import os
from pathlib import Path

import orjson
import pytest
from django.core.management import CommandError, call_command

from catalog.models import Event
from catalog.names import InvalidName
from metadefs.enforcement import check
from metadefs.models import Association, Epoch, Namespace, Object, Property, ResourceType, Tag
from metadefs.selectors import declared_types, draft_of, governance, with_contents
from metadefs.services import associations, namespaces, previews, properties
from tests.metadefs.callers import ADMIN, actor
from tests.metadefs.conftest import cores

ROOT = actor(ADMIN)
BESIDE = Path(__file__).parents[3] / "shared" / "data" / "metadefs"
REAL = Path(os.environ.get("VITRINE_TEST_METADEFS", BESIDE))
real = pytest.mark.skipif(not REAL.is_dir(), reason="VITRINE_TEST_METADEFS names no folder")

pytestmark = pytest.mark.django_db

FILE = {
    "namespace": "N",
    "display_name": "Display me!",
    "description": "d" * 900,
    "protected": True,
    "extra": 1,
    "resource_type_associations": [{"name": "T", "prefix": "x_", "extra": 1}],
    "properties": {"p": {**cores(default="8", maximum=8), "extra": 1}},
    "objects": [{"name": "o", "description": "o", "required": ["q"], "properties": {"q": cores()}}],
    "tags": [{"name": "t"}],
}


def load(path, *args):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("load_metadefs", "--path", str(path), *args, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), f"{err.getvalue()}{error} ({error.returncode})"
    return out.getvalue(), err.getvalue()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "n.json").write_bytes(orjson.dumps(FILE))
    return tmp_path


def rewrite(folder, **changes):
    (folder / "n.json").write_bytes(orjson.dumps({**FILE, **changes}))


def whole():
    return draft_of(Namespace.objects.get(namespace="N"))


def test_a_file_becomes_a_namespace(folder):
    out, err = load(folder)
    assert err == ""
    assert "n.json: N created" in out
    assert out.endswith("1 files: 1 created\n")
    row = Namespace.objects.get()
    assert (row.visibility, row.protected, row.owner) == ("public", True, "admin")
    assert row.description == FILE["description"]
    assert ResourceType.objects.get().protected
    assert Association.objects.get().mode == "warn"
    assert Property.objects.get().definition == cores(default="8", maximum=8)
    assert Object.objects.get().required == ["q"]
    assert Tag.objects.get().name == "t"
    assert check({"x_p": "9"}, governance("T", None))[0].mode == "warn"
    assert Event.objects.filter(actor_user_id="system").count() == 5


@pytest.mark.parametrize(
    ("given", "named", "mode"),
    [
        ([], None, "warn"),
        (["--mode", "enforce"], None, "enforce"),
        (["--mode", "off"], "enforce", "enforce"),
    ],
)
def test_the_mode_is_the_file_s_or_the_command_s(folder, given, named, mode):
    association = {"name": "T", **({"mode": named} if named else {})}
    rewrite(folder, resource_type_associations=[association])
    load(folder / "n.json", *given)
    assert Association.objects.get().mode == mode


def test_what_is_there_is_skipped(folder):
    load(folder)
    epoch = Epoch.objects.get().value
    rewrite(folder, properties={"other": cores()})
    out, _ = load(folder)
    assert "N skipped" in out
    assert list(whole().properties) == ["p"]
    assert Epoch.objects.get().value == epoch


CHANGED = {
    "display_name": "New",
    "protected": False,
    "resource_type_associations": [{"name": "T", "prefix": "y_"}, {"name": "U"}],
    "properties": {"p": cores(maximum=9), "r": cores()},
    "objects": [{"name": "o", "description": "new"}, {"name": "n"}],
    "tags": [{"name": "t"}, {"name": "u"}],
}


@pytest.mark.parametrize(
    ("flags", "outcome"),
    [
        (["--merge"], "merged"),
        (["--merge", "--prefer-new"], "updated"),
        (["--merge", "--prefer_new"], "updated"),
        (["--merge", "--overwrite"], "replaced"),
    ],
)
def test_merging(folder, flags, outcome):
    newer = outcome != "merged"
    load(folder)
    row = Namespace.objects.get()
    properties.create(row, "own", cores(), actor=ROOT)
    rewrite(folder, **CHANGED)
    out, err = load(folder, *flags)
    assert (err, f"N {outcome}" in out) == ("", True)
    found = whole()
    assert found.display_name == ("New" if newer else "Display me!")
    assert {a.name: a.prefix for a in found.associations} == {"T": "y_" if newer else "x_", "U": ""}
    assert set(found.properties) == {"p", "r"} | (set() if outcome == "replaced" else {"own"})
    assert found.properties["p"]["maximum"] == (9 if newer else 8)
    assert {o.name: o.description for o in found.objects}["o"] == ("new" if newer else "o")
    assert {o.name for o in found.objects} == {"o", "n"}
    assert set(found.tags) == {"t", "u"}


@pytest.mark.parametrize(
    "flags", [["--merge"], ["--merge", "--prefer-new"], ["--merge", "--overwrite"], []]
)
def test_a_file_that_says_what_is_there_writes_nothing(folder, flags, listeners):
    rewrite(folder, **CHANGED)
    load(folder)
    listeners.append(lambda *_: 1 / 0)

    def everything():
        models = (Namespace, Property, Object, Tag, ResourceType, Association, Epoch, Event)
        return [list(model.objects.order_by("pk").values()) for model in models]

    before = everything()
    out, err = load(folder, *flags)
    assert (err, "1 files: 1 " in out) == ("", True)
    assert everything() == before


def test_newer_files_leave_the_operator_s_mode(folder):
    load(folder)
    (old,) = whole().associations
    changed = type(old)(name="T", prefix="x_", mode="enforce", strict=True)
    associations.modify(Namespace.objects.get(), changed, actor=ROOT)
    load(folder, "--merge", "--prefer-new")
    assert whole().associations == (changed,)
    rewrite(folder, resource_type_associations=[{"name": "T", "mode": "off"}])
    load(folder, "--merge", "--prefer-new")
    assert whole().associations[0].mode == "off"


@pytest.mark.parametrize(
    "flags", [["--prefer-new"], ["--overwrite"], ["--merge", "--prefer-new", "--overwrite"]]
)
def test_flags_that_make_no_sense_do_nothing(folder, flags):
    _, err = load(folder, *flags)
    assert "--prefer-new" in err
    assert not Namespace.objects.exists()


BROKEN = [
    b"{", b"[]", b"\xff", b"{}", b'{"namespace": 1}', b'{"namespace": ""}', b'{"namespace": "a/b"}',
    b'{"namespace": "N", "properties": {"p": {"title": "T"}}}',
    b'{"namespace": "N", "properties": {"p": 1}}',
    b'{"namespace": "N", "properties": []}',
    b'{"namespace": "N", "objects": [{"name": "o", "properties": {"p": {"title": "T", "type": "x"}}}]}',
    b'{"namespace": "N", "objects": [{"name": "o"}, {"name": "o"}]}',
    b'{"namespace": "N", "tags": [{"name": "t"}, {"name": "t"}]}',
    b'{"namespace": "N", "tags": ["t"]}',
    b'{"namespace": "N", "visibility": "shared"}',
    b'{"namespace": "N", "resource_type_associations": [{"name": "T", "mode": "on"}]}',
    b'{"namespace": "N", "resource_type_associations": [{}]}',
]  # fmt: skip


@pytest.mark.parametrize("content", BROKEN)
def test_a_file_that_fails_is_named_and_the_others_are_loaded(folder, content):
    (folder / "a.json").write_bytes(content)
    rewrite(folder, namespace="good")
    out, err = load(folder)
    assert "a.json: failed:" in err
    assert "1 of 2 files failed (1)" in err
    assert "1 created, 1 failed" in out
    assert Namespace.objects.get().namespace == "good"


def test_a_path_that_is_not_there_is_an_error(tmp_path):
    assert "No such file" in load(tmp_path / "nowhere")[1]
    assert load(tmp_path) == ("0 files: nothing to do\n", "")


@real
def test_the_files_that_come_with_images_are_loaded():
    out, err = load(REAL)
    assert err == ""
    assert "32 files: 32 created" in out
    assert "note: property 'sw_database_oracle_edition'" in out
    assert Namespace.objects.filter(visibility="public").count() == 32
    assert set(Association.objects.values_list("mode", flat=True)) == {"warn"}
    assert "32 skipped" in load(REAL)[0]
    assert "32 updated" in load(REAL, "--merge", "--prefer-new")[0]
    types = declared_types()
    assert types["hw_cpu_cores"] == "long"
    assert types["os_distro"] == "keyword"
    rules = governance("OS::Glance::Image", "any")
    found = check({"hw_cpu_cores": "four", "hw_vif_model": "virtio", "os_distro": "ubuntu"}, rules)
    assert {v.property: (v.rule, v.blocking) for v in found} == {"hw_cpu_cores": ("type", False)}


@real
@pytest.mark.parametrize("path", sorted(REAL.glob("*.json")), ids=lambda path: path.stem)
def test_the_files_that_come_with_images_are_taken_by_the_api_too(api, path):
    body = orjson.loads(path.read_bytes())
    answer = api("POST", "", body)
    assert answer.status_code == 201, answer.content
    assert ("Warning" in answer) is (path.stem == "software-databases")
    (by_api,) = map(draft_of, with_contents(Namespace.objects.all()))
    Namespace.objects.all().delete()
    load(path)
    (by_command,) = map(draft_of, with_contents(Namespace.objects.all()))
    for kind in ("namespace", "properties", "objects", "tags", "description", "display_name"):
        assert getattr(by_api, kind) == getattr(by_command, kind)


@real
def test_what_is_exported_can_be_loaded_again(tmp_path):
    load(REAL)
    before = {n.namespace: draft_of(n) for n in Namespace.objects.all()}
    target = tmp_path / "out" / "deep"
    call_command("export_metadefs", "--path", str(target), stdout=io.StringIO())
    assert (target / "VirtualCPUTopology.json").is_file()
    out = io.StringIO()
    call_command("unload_metadefs", stdout=out)
    assert out.getvalue() == "32 namespaces deleted\n"
    for model in (Namespace, Property, Object, Tag, ResourceType, Association):
        assert not model.objects.exists()
    assert not governance("OS::Glance::Image", None).rules
    assert "32 created" in load(target)[0]
    after = {n.namespace: draft_of(n) for n in Namespace.objects.all()}

    def comparable(draft):
        return {**{f: getattr(draft, f) for f in draft.__dataclass_fields__}, "objects": set(),
                "associations": {a.name: a for a in draft.associations}}  # fmt: skip

    assert {k: comparable(v) for k, v in after.items()} == {
        k: comparable(v) for k, v in before.items()
    }


def test_exported_files_do_not_hide_each_other(tmp_path):
    from metadefs.drafts import NamespaceDraft

    for name, display in (
        ("A", "Same"),
        ("B", "Same"),
        ("Same", None),
        ("::", "::"),
    ):
        namespaces.create(NamespaceDraft(namespace=name, display_name=display), actor=ROOT)
    Namespace.objects.create(namespace="..", display_name="../..")
    call_command("export_metadefs", "--path", str(tmp_path), stdout=io.StringIO())
    assert {orjson.loads(f.read_bytes())["namespace"] for f in tmp_path.iterdir()} == {
        "A", "B", "Same", "::", "..",
    }  # fmt: skip
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError):
        call_command("export_metadefs", "--path", str(tmp_path / "file"), stdout=io.StringIO())


def test_a_preview_refuses_what_could_not_be_stored():
    from metadefs.drafts import NamespaceDraft
    from metadefs.errors import InvalidDefinition

    with pytest.raises(InvalidDefinition):
        previews.governance_with(NamespaceDraft(namespace=""), resource_type="T", owner=None)


def test_names_that_no_address_carries_are_loaded_and_can_be_removed(folder):
    odd = {"..": cores(), "a\nb": cores()}
    rewrite(folder, protected=False, properties=odd, tags=[{"name": "."}])
    assert "1" in load(folder)[0]
    assert set(whole().properties) == set(odd)
    for name in odd:
        properties.modify(
            Namespace.objects.get(), name, new_name=name, definition=cores(maximum=2), actor=ROOT
        )
        properties.delete(Namespace.objects.get(), name, actor=ROOT)
    with pytest.raises(InvalidName):
        properties.create(Namespace.objects.get(), "..", cores(), actor=ROOT)
