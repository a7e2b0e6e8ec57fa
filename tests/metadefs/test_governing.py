"""Which rules hold for whom, when they change, and who is told."""

import threading
from dataclasses import replace

import pytest
from django.db import connection, transaction

from catalog.errors import Duplicate, NotFound
from catalog.indexing import documents
from catalog.indexing.documents import FieldType
from catalog.models import Event
from metadefs.conf import MetadefsConfig
from metadefs.drafts import AssociationDraft, NamespaceDraft, ObjectDraft
from metadefs.enforcement import check
from metadefs.models import Association, Epoch, Namespace, Object, Property, ResourceType, Tag
from metadefs.selectors import declared_types, governance
from metadefs.services import (
    associations,
    epochs,
    namespaces,
    objects,
    previews,
    properties,
    resource_types,
    tags,
)
from metadefs.services.transactions import on_definitions_changed
from tests.metadefs.callers import ADMIN, actor
from tests.metadefs.conftest import cores

IMAGE = "OS::Glance::Image"
ROOT = actor(ADMIN)


def draft(name="N", *, maximum=8, mode="enforce", **fields):
    return NamespaceDraft(
        namespace=name,
        properties={"cores": cores(maximum=maximum)},
        associations=(AssociationDraft(name=IMAGE, prefix="hw_", mode=mode),),
        **{"visibility": "public", **fields},
    )


def made(*args, **fields):
    return namespaces.create(draft(*args, **fields), actor=ROOT)


def legal(value, owner=None):
    return check({"hw_cores": value}, governance(IMAGE, owner)) == []


@pytest.mark.django_db
def test_the_owner_decides_which_namespaces_govern():
    made("public", maximum=8)
    made("ones", maximum=80, visibility="private", owner="one")
    made("nobodys", maximum=800, visibility="private", owner=None)
    for value, everybody, one in (("8", True, True), ("80", True, True), ("801", False, False)):
        assert (legal(value), legal(value, "one"), legal(value, "two")) == (
            everybody,
            one,
            everybody,
        )
    namespaces.delete(Namespace.objects.get(namespace="nobodys"), actor=ROOT)
    assert (legal("80"), legal("80", "one"), legal("80", "two")) == (False, True, False)
    assert not governance("OS::Nova::Flavor", "one").rules


@pytest.mark.django_db
def test_every_change_is_seen_at_once():
    assert legal("99")
    row = made()
    assert not legal("99")
    properties.modify(row, "cores", new_name="cores", definition=cores(maximum=99), actor=ROOT)
    assert legal("99")
    objects.create(
        row, ObjectDraft(name="o", required=("ver",), properties={"cores": cores()}), actor=ROOT
    )
    assert not legal("99")
    objects.delete(row, "o", actor=ROOT)
    associations.modify(row, AssociationDraft(name=IMAGE, prefix="hw_", mode="off"), actor=ROOT)
    assert legal("1000")
    associations.modify(row, AssociationDraft(name=IMAGE, prefix="hw_"), actor=ROOT)
    assert not legal("1000")
    namespaces.modify(row, draft(visibility="private", owner="one"), actor=ROOT)
    assert legal("1000")
    assert not legal("1000", "one")


@pytest.mark.django_db
def test_asking_again_costs_one_query(django_assert_num_queries):
    made()
    governance(IMAGE, "one")
    governance(IMAGE, "two")
    for owner in ("one", "two"):
        with django_assert_num_queries(1):
            governance(IMAGE, owner)


@pytest.mark.django_db
def test_a_change_that_was_taken_back_leaves_no_rules_behind():
    made()
    assert not legal("99")
    row = Namespace.objects.get(namespace="N")
    with transaction.atomic():
        properties.delete(row, "cores", actor=ROOT)
        assert legal("99")
        transaction.set_rollback(True)
    assert not legal("99")
    properties.modify(row, "cores", new_name="cores", definition=cores(maximum=100), actor=ROOT)
    assert legal("99")


@pytest.mark.django_db
def test_the_site_wide_mode_replaces_each_association_s(settings):
    made()
    rules = governance(IMAGE, None)
    assert check({"hw_cores": "99"}, rules)[0].mode == "enforce"
    settings.VITRINE = {**settings.VITRINE, MetadefsConfig: MetadefsConfig(mode="warn")}
    assert check({"hw_cores": "99"}, governance(IMAGE, None))[0].mode == "warn"
    settings.VITRINE = {**settings.VITRINE, MetadefsConfig: MetadefsConfig(mode="off")}
    assert legal("99")


@pytest.mark.django_db
def test_a_definition_that_became_unusable_does_not_stop_assets(caplog):
    row = made()
    Property.objects.filter(namespace=row).update(definition=cores(enum=["x"]))
    Epoch.objects.update(token="another")
    assert legal("99")
    assert "cannot be enforced" in caplog.text


@pytest.mark.django_db
def test_the_epoch_rises_with_everything_that_governs():
    def epoch():
        with transaction.atomic():
            return epochs.read_locked()

    assert epoch() == 0
    row = made()
    assert epoch() == 1
    properties.create(row, "p", cores(), actor=ROOT)
    associations.create(row, AssociationDraft(name="X"), actor=ROOT)
    assert epoch() == 3
    tags.create(row, "t", actor=ROOT)
    assert epoch() == 3
    with pytest.raises(NotFound):
        properties.delete(row, "nobody", actor=ROOT)
    assert epoch() == 3
    assert Namespace.objects.get().revision == 4
    assert governance(IMAGE, None).epoch == 3


@pytest.mark.django_db(transaction=True)
def test_the_epoch_cannot_be_held_outside_a_transaction():
    with pytest.raises(RuntimeError):
        epochs.read_locked()


@pytest.mark.django_db
def test_those_who_registered_are_told_inside_the_transaction(listeners):
    heard = []

    def listener(resource_types, epoch, by):
        assert connection.in_atomic_block
        heard.append((resource_types, epoch, by.user_id))

    on_definitions_changed(listener)
    on_definitions_changed(listener)
    row = made()
    associations.create(row, AssociationDraft(name="X"), actor=ROOT)
    associations.delete(row, IMAGE, actor=ROOT)
    tags.create(row, "t", actor=ROOT)
    namespaces.delete(row, actor=ROOT)
    namespaces.create(NamespaceDraft(namespace="governs nothing"), actor=ROOT)
    assert heard == [
        (frozenset({IMAGE}), 1, "root"),
        (frozenset({IMAGE, "X"}), 2, "root"),
        (frozenset({IMAGE, "X"}), 3, "root"),
        (frozenset({"X"}), 4, "root"),
    ]


ONE = ObjectDraft(name="o", description="d", required=("q",), properties={"q": cores()})
LINK = AssociationDraft(name=IMAGE, prefix="hw_", properties_target="t")
WHOLE = NamespaceDraft(
    namespace="N",
    display_name="D",
    visibility="public",
    properties={"cores": cores(maximum=8, enum=["1", "8"])},
    associations=(LINK,),
    objects=(ONE,),
    tags=("a", "b"),
)
SAME = {
    "namespace": lambda row: namespaces.modify(row, WHOLE, actor=ROOT),
    "property": lambda row: properties.modify(
        row, "cores", new_name="cores", definition=WHOLE.properties["cores"], actor=ROOT
    ),
    "object": lambda row: objects.modify(row, "o", ONE, actor=ROOT),
    "association": lambda row: associations.modify(row, LINK, actor=ROOT),
    "tag": lambda row: tags.rename(row, "a", new_name="a", actor=ROOT),
    "tags": lambda row: tags.create_many(row, ["b", "a"], append=False, actor=ROOT),
    "no tags": lambda row: tags.create_many(row, [], append=False, actor=ROOT),
    "resource type": lambda _: resource_types.save(ResourceType.objects.get(), actor=ROOT),
}
SHOWN = {
    "namespace": lambda row: namespaces.modify(row, replace(WHOLE, description="x"), actor=ROOT),
    "property": lambda row: properties.modify(
        row,
        "cores",
        new_name="cores",
        definition={**WHOLE.properties["cores"], "title": "x", "description": "x", "default": 8},
        actor=ROOT,
    ),
    "object": lambda row: objects.modify(row, "o", replace(ONE, description="x"), actor=ROOT),
    "association": lambda row: associations.modify(
        row, replace(LINK, properties_target="x"), actor=ROOT
    ),
}
JUDGED = {
    "namespace": lambda row: namespaces.modify(
        row, replace(WHOLE, visibility="private", owner="one"), actor=ROOT
    ),
    "property": lambda row: properties.modify(
        row,
        "cores",
        new_name="cores",
        definition=cores(maximum=8, enum=[True, "8"], type="string"),
        actor=ROOT,
    ),
    "object": lambda row: objects.modify(row, "o", replace(ONE, required=()), actor=ROOT),
    "association": lambda row: associations.modify(row, replace(LINK, strict=True), actor=ROOT),
}


def everything():
    """All rows of definitions and their events."""
    models = (Namespace, Property, Object, Tag, ResourceType, Association, Epoch, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.django_db
@pytest.mark.parametrize("verb", SAME)
def test_what_is_so_already_is_not_written(listeners, verb):
    row = namespaces.create(WHOLE, actor=ROOT)
    listeners.append(lambda *_: 1 / 0)
    before = everything()
    SAME[verb](row)
    assert everything() == before


@pytest.mark.django_db
def test_deleting_all_of_nothing_is_not_written():
    row = namespaces.create(NamespaceDraft(namespace="N", associations=(LINK,)), actor=ROOT)
    before = everything()
    for service in (properties, objects, tags):
        service.delete_all(row, actor=ROOT)
    assert everything() == before


@pytest.mark.django_db
@pytest.mark.parametrize("verb", SHOWN)
def test_what_is_only_shown_judges_nothing_anew(listeners, verb):
    row = namespaces.create(WHOLE, actor=ROOT)
    listeners.append(lambda *_: 1 / 0)
    before = Event.objects.count()
    SHOWN[verb](row)
    assert Event.objects.count() == before + 1
    assert Namespace.objects.get().revision == 2


@pytest.mark.django_db
@pytest.mark.parametrize("verb", JUDGED)
def test_what_is_legal_is_judged_anew(listeners, verb):
    row = namespaces.create(WHOLE, actor=ROOT)
    heard = []
    listeners.append(lambda types, *_: heard.append(types))
    JUDGED[verb](row)
    assert heard == [frozenset({IMAGE})]


@pytest.mark.django_db
def test_values_that_only_python_takes_for_equal_differ(listeners):
    row = namespaces.create(WHOLE, actor=ROOT)
    heard = []
    listeners.append(lambda *_: heard.append(1))
    for enum in ([1], [True], [1.0], [1]):
        definition = {"title": "T", "type": "string", "enum": enum}
        properties.modify(row, "cores", new_name="cores", definition=definition, actor=ROOT)
        assert repr(Property.objects.get().definition["enum"]) == repr(enum)
    assert len(heard) == 4


@pytest.mark.django_db
def test_tags_that_stay_are_not_made_anew():
    row = namespaces.create(WHOLE, actor=ROOT)
    kept = Tag.objects.get(name="b")
    made = tags.create_many(row, ["c", "b"], append=False, actor=ROOT)
    assert [one.name for one in made] == ["c", "b"]
    assert Tag.objects.get(name="b") == kept
    assert set(Tag.objects.values_list("name", flat=True)) == {"b", "c"}
    last = Event.objects.order_by("-id")[:2]
    assert {one.kind for one in last} == {"metadef_tag.create", "metadef_tag.delete"}
    with pytest.raises(Duplicate):
        tags.create_many(row, ["b", "b"], append=False, actor=ROOT)
    with pytest.raises(Duplicate):
        tags.create_many(row, ["b"], append=True, actor=ROOT)


@pytest.mark.django_db
def test_a_listener_that_fails_takes_the_change_back(listeners):
    def listener(*_):
        raise LookupError

    on_definitions_changed(listener)
    with pytest.raises(LookupError):
        made()
    assert not Namespace.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_events_tell_what_changed():
    row = made()
    properties.modify(row, "cores", new_name="c", definition=cores(maximum=9), actor=ROOT)
    namespaces.modify(row, draft("M", protected=True), actor=ROOT)
    objects.create(row, ObjectDraft(name="o"), actor=ROOT)
    tags.create_many(row, ["a"], append=False, actor=ROOT)
    found = [(e.kind, e.object_id, e.actor_user_id) for e in Event.objects.order_by("id")]
    assert found == [
        ("metadef_namespace.create", "N", "root"),
        ("metadef_resource_type.create", f"N/{IMAGE}", "root"),
        ("metadef_property.create", "N/cores", "root"),
        ("metadef_property.update", "N/c", "root"),
        ("metadef_namespace.update", "M", "root"),
        ("metadef_object.create", "M/o", "root"),
        ("metadef_tag.create", "M/a", "root"),
    ]
    renamed = Event.objects.get(kind="metadef_namespace.update").changes
    assert renamed == {"namespace": ["N", "M"], "protected": [False, True]}


@pytest.mark.django_db
def test_declared_types_follow_the_definitions():
    def kinds(**types):
        return {name: {"title": "T", "type": declared} for name, declared in types.items()}

    assert declared_types() == {}
    types = {
        "i": "integer",
        "n": "number",
        "b": "boolean",
        "s": "string",
        "a": "array",
        "x": "integer",
    }
    image = AssociationDraft(name=IMAGE, prefix="hw_")
    flavor = AssociationDraft(name="OS::Nova::Flavor", prefix="f:")
    one = NamespaceDraft(namespace="1", properties=kinds(**types), associations=(image, flavor))
    two = NamespaceDraft(
        namespace="2",
        objects=(ObjectDraft(name="o", properties=kinds(x="string", y="integer")),),
        associations=(image,),
    )
    row = namespaces.create(one, actor=ROOT)
    assert declared_types()["hw_x"] is FieldType.LONG
    namespaces.create(two, actor=ROOT)
    expected = {
        "hw_i": FieldType.LONG, "hw_n": FieldType.DOUBLE, "hw_b": FieldType.BOOLEAN,
        "hw_s": FieldType.KEYWORD, "hw_a": FieldType.KEYWORD, "hw_x": FieldType.KEYWORD,
        "hw_y": FieldType.LONG,
    }  # fmt: skip
    assert declared_types() == expected
    assert expected.items() <= documents.declared().items()
    namespaces.delete(row, actor=ROOT)
    assert declared_types() == {"hw_x": FieldType.KEYWORD, "hw_y": FieldType.LONG}


@pytest.mark.django_db
def test_what_a_project_keeps_private_types_nothing():
    """Neither by a type of its own, nor by contradicting a public one."""

    def typed(name, kind, **fields):
        return NamespaceDraft(
            namespace=name,
            properties={"x": {"title": "T", "type": kind}},
            associations=(AssociationDraft(name=IMAGE),),
            **fields,
        )

    private, public = {"visibility": "private", "owner": "one"}, {"visibility": "public"}
    row = namespaces.create(typed("theirs", "boolean", **private), actor=ROOT)
    assert declared_types() == {}
    other = namespaces.create(typed("ours", "integer", **public), actor=ROOT)
    assert declared_types() == {"x": FieldType.LONG}
    namespaces.modify(other, typed("ours", "integer", **private), actor=ROOT)
    assert declared_types() == {}, "it turned private"
    namespaces.modify(row, typed("theirs", "boolean", visibility="public", owner="one"), actor=ROOT)
    assert declared_types() == {"x": FieldType.BOOLEAN}, "it turned public"
    namespaces.modify(other, typed("ours", "integer", **public), actor=ROOT)
    assert declared_types() == {"x": FieldType.KEYWORD}, "two public ones contradict each other"
    assert [rule.namespace for rule in governance(IMAGE, "one").rules["x"]] == ["ours", "theirs"]


@pytest.mark.django_db
def test_a_preview_shows_what_would_hold_and_writes_nothing():
    made("N", maximum=8)
    made("M", maximum=4, mode="warn")
    rules = previews.governance_with(draft("N", maximum=2), resource_type=IMAGE, owner=None)
    assert [v.namespace for v in check({"hw_cores": "6"}, rules)] == ["M", "N"]
    assert check({"hw_cores": "4"}, rules) == []
    renamed = previews.governance_with(
        draft("O", maximum=2), resource_type=IMAGE, owner=None, replaces="M"
    )
    assert [v.namespace for v in check({"hw_cores": "9"}, renamed)] == ["N", "O"]
    hidden = draft("N", maximum=2, visibility="private", owner="two")
    rules = previews.governance_with(hidden, resource_type=IMAGE, owner="one")
    assert [v.namespace for v in check({"hw_cores": "9"}, rules)] == ["M"]
    without = previews.governance_without("N", resource_type=IMAGE, owner=None)
    assert [v.namespace for v in check({"hw_cores": "9"}, without)] == ["M"]
    assert legal("8")
    assert governance(IMAGE, None).epoch == 2


def run(*functions):
    """Each function in a thread and a connection of its own; the first error is raised here."""
    failures = []

    def guarded(function):
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised again by the test
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    if failures:
        raise failures[0]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_the_same_namespace_one_wins():
    won = []

    def create():
        try:
            won.append(made("N"))
        except Duplicate as error:
            won.append(type(error).__name__)

    run(create, create, create)
    assert sum(isinstance(one, Namespace) for one in won) == 1
    assert won.count("Duplicate") == 2
    assert Epoch.objects.get().value == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_writers_of_assets_share_the_epoch_and_hold_definitions_back():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    row = made()
    both_hold, checked, order = threading.Barrier(2, timeout=60), threading.Event(), []

    def write_asset():
        with transaction.atomic():
            assert epochs.read_locked() == 1
            both_hold.wait()
            checked.set()
            assert not legal("99")
            threading.Event().wait(0.3)
            assert not legal("99")
            order.append("asset")

    def change():
        assert checked.wait(60)
        properties.delete(row, "cores", actor=ROOT)
        order.append("definition")

    run(write_asset, write_asset, change)
    assert order == ["asset", "asset", "definition"]
    assert legal("99")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_writer_of_assets_waits_for_a_change_and_then_checks_by_it():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    row = made()
    changing, looked, seen = threading.Event(), threading.Event(), []

    def change():
        with transaction.atomic():
            properties.delete(row, "cores", actor=ROOT)
            changing.set()
            assert looked.wait(60)
            threading.Event().wait(0.3)  # most likely the other one waits for the lock by now

    def write_asset():
        assert changing.wait(60)
        assert not legal("99")
        looked.set()
        with transaction.atomic():
            seen.append(epochs.read_locked())
            assert legal("99")

    run(change, write_asset)
    assert seen == [2]


@pytest.mark.django_db(transaction=True)
def test_many_changes_at_once_are_all_counted():
    row = made()

    def define(name):
        return lambda: properties.create(row, name, cores(), actor=ROOT)

    run(*(define(name) for name in "abcd"))
    assert Epoch.objects.get().value == 5
    assert Namespace.objects.get().revision == 5
    assert Property.objects.count() == 5


@pytest.mark.django_db
def test_before_anything_is_defined_a_write_asks_for_the_epoch_alone(django_assert_num_queries):
    with transaction.atomic():
        governance(IMAGE, "one", at=epochs.stamp_locked())
    with transaction.atomic(), django_assert_num_queries(1):
        assert not governance(IMAGE, "one", at=epochs.stamp_locked()).rules


@pytest.mark.django_db
def test_the_first_definition_is_seen_by_the_next_write():
    with transaction.atomic():
        before = epochs.stamp_locked()
    assert not governance(IMAGE, None, at=before).rules
    made()
    with transaction.atomic():
        after = epochs.stamp_locked()
    assert after[0] == before[0] + 1
    assert list(governance(IMAGE, None, at=after).rules) == ["hw_cores"]
