"""Operators edit definitions by hand; whatever they do goes through the services."""

import json
import re

import pytest

from catalog.api import sessions
from catalog.models import Event
from metadefs.drafts import AssociationDraft, NamespaceDraft
from metadefs.models import Association, Epoch, Namespace, Object, Property, ResourceType, Tag
from metadefs.services import namespaces
from tests.metadefs.callers import ADMIN, ANNA, actor
from tests.metadefs.conftest import cores
from tests.support.identity import *  # noqa: F403 - the fixtures are for here
from tests.support.identity import make_admin

pytestmark = pytest.mark.django_db
HOME = "/admin/metadefs"


@pytest.fixture
def operator(client):
    user, _ = make_admin()
    client.force_login(user)
    return client


@pytest.fixture
def row():
    draft = NamespaceDraft(
        namespace="N",
        properties={"p": cores()},
        tags=("t",),
        associations=(AssociationDraft(name="T", prefix="x_", mode="warn"),),
    )
    return namespaces.create(draft, actor=actor(ADMIN))


def form(page):
    """What a browser would send back of the page's form, untouched."""
    found = {}
    for admin_form in (page.context["adminform"].form, *_inline_forms(page)):
        for bound in admin_form:
            value = bound.value()
            if value not in (None, False):
                found[bound.html_name] = value() if callable(value) else value
    for formset in page.context["inline_admin_formsets"]:
        for bound in formset.formset.management_form:
            found[bound.html_name] = bound.value()
    return found


def _inline_forms(page):
    return [
        f for inline in page.context["inline_admin_formsets"] for f in inline.formset.initial_forms
    ]


def added(sent, prefix, /, **values):
    number = int(sent[f"{prefix}-TOTAL_FORMS"])
    fields = {f"{prefix}-{number}-{name}": value for name, value in values.items()}
    return {**sent, **fields, f"{prefix}-TOTAL_FORMS": number + 1}


def refusals(page):
    """What the page says is wrong, or nothing when it went on."""
    if page.status_code == 302:
        return ""
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def test_a_namespace_is_made_with_its_contents(operator):
    sent = form(operator.get(f"{HOME}/namespace/add/"))
    kind = ResourceType.objects.create(name="T")
    sent |= {"namespace": "N", "visibility": "public"}
    sent = added(sent, "properties", name="p", definition=json.dumps(cores(maximum=8)))
    sent = added(sent, "tags", name="t")
    sent = added(sent, "objects_defined", name="o", required='["a"]', properties="{}")
    sent = added(sent, "associations", resource_type=kind.pk, prefix="x_", mode="enforce")
    assert refusals(operator.post(f"{HOME}/namespace/add/", sent)) == ""
    assert Property.objects.get().definition == cores(maximum=8)
    assert (Tag.objects.get().name, Object.objects.get().required) == ("t", ["a"])
    assert Association.objects.get().mode == "enforce"
    assert Epoch.objects.get().value == 4
    assert Event.objects.filter(kind__startswith="metadef_").count() == 5
    assert set(Event.objects.values_list("actor_user_id", flat=True)) != {None}


def test_the_contents_are_changed_on_the_namespace_s_page(operator, row):
    address = f"{HOME}/namespace/{row.pk}/change/"
    sent = form(operator.get(address))
    sent |= {"display_name": "New", "properties-0-name": "q", "associations-0-mode": "enforce"}
    sent |= {"tags-0-DELETE": "on"}
    sent = added(sent, "tags", name="t")
    assert refusals(operator.post(address, sent)) == ""
    row.refresh_from_db()
    assert row.display_name == "New"
    assert Property.objects.get().name == "q"
    assert Property.objects.get().definition == cores()
    assert Association.objects.get().mode == "enforce"
    assert Tag.objects.get().name == "t"
    assert Event.objects.filter(kind="metadef_tag.delete").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"properties-0-definition": '{"title": "T"}'}, "'type' is a required property"),
        ({"properties-0-definition": "[]"}, "is required"),
        ({"properties-0-definition": "[1]"}, "not of type"),
        ({"properties-0-definition": '{"title": "T", "type": "number", "default": NaN}'}, "cannot be stored"),
        ({"properties-0-definition": "{"}, "Enter a valid JSON"),
        ({"namespace": "a/b"}, "slash"),
        ({"namespace": "taken"}, "already exists"),
    ],
)  # fmt: skip
def test_a_refusal_is_said_and_nothing_is_changed(operator, row, changes, said):
    Namespace.objects.create(namespace="taken")
    before = Epoch.objects.get().value
    address = f"{HOME}/namespace/{row.pk}/change/"
    sent = form(operator.get(address)) | {"display_name": "New"} | changes
    assert said in refusals(operator.post(address, sent)).replace("&#x27;", "'")
    row.refresh_from_db()
    assert row.display_name is None
    assert Property.objects.get().definition == cores()
    assert Epoch.objects.get().value == before


@pytest.mark.parametrize("field", ["required", "properties"])
@pytest.mark.parametrize("value", ['"text"', "1", "[1]", '{"a": 1}', "true"])
def test_objects_take_only_what_objects_hold(operator, row, field, value):
    sent = {"namespace": row.pk, "name": "o", "required": "[]", "properties": "{}", field: value}
    assert refusals(operator.post(f"{HOME}/object/add/", sent)) != ""
    assert not Object.objects.exists()


def test_a_protected_namespace_is_not_deleted(operator, row):
    Namespace.objects.update(protected=True)
    operator.post(f"{HOME}/namespace/{row.pk}/delete/", {"post": "yes"})
    tag = Tag.objects.get()
    operator.post(f"{HOME}/tag/{tag.pk}/delete/", {"post": "yes"})
    page = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    answer = operator.post(f"{HOME}/namespace/", page, follow=True)
    assert "is protected" in answer.content.decode()
    assert Namespace.objects.count() == Tag.objects.count() == 1
    Namespace.objects.update(protected=False)
    operator.post(f"{HOME}/namespace/{row.pk}/delete/", {"post": "yes"})
    assert not Namespace.objects.exists()
    assert Event.objects.filter(kind="metadef_namespace.delete").count() == 1


def test_every_row_has_its_own_page_too(operator, row):
    other = namespaces.create(NamespaceDraft(namespace="M"), actor=actor(ADMIN))
    epoch = Epoch.objects.get().value
    found = Property.objects.get()
    address = f"{HOME}/property/{found.pk}/change/"
    sent = {"namespace": other.pk, "name": "q", "definition": json.dumps(cores(maximum=1))}
    assert refusals(operator.post(address, sent)) == ""
    moved = Property.objects.get()
    assert (moved.namespace_id, moved.name, moved.definition["maximum"]) == (other.pk, "q", 1)
    kind = ResourceType.objects.get()
    association = Association.objects.get()
    sent = {"namespace": row.pk, "resource_type": kind.pk, "mode": "off", "strict": "on"}
    assert refusals(operator.post(f"{HOME}/association/{association.pk}/change/", sent)) == ""
    association.refresh_from_db()
    assert (association.mode, association.strict, association.prefix) == ("off", True, None)
    assert Epoch.objects.get().value > epoch


def test_resource_types_are_protected_and_forgotten(operator, row):
    kind = ResourceType.objects.get()
    address = f"{HOME}/resourcetype/{kind.pk}"
    assert refusals(operator.post(f"{address}/change/", {"name": "T", "protected": "on"})) == ""
    assert "renamed" in refusals(operator.post(f"{address}/change/", {"name": "U"}))
    operator.post(f"{address}/delete/", {"post": "yes"})
    assert refusals(operator.post(f"{address}/change/", {"name": "T"})) == ""
    operator.post(f"{address}/delete/", {"post": "yes"})
    assert ResourceType.objects.filter(name="T").exists()
    Association.objects.all().delete()
    operator.post(f"{address}/delete/", {"post": "yes"})
    assert not ResourceType.objects.exists()
    assert refusals(operator.post(f"{HOME}/resourcetype/add/", {"name": "V"})) == ""
    assert ResourceType.objects.get().name == "V"


@pytest.mark.parametrize(
    "model", ["namespace", "property", "object", "tag", "association", "resourcetype", "epoch"]
)
def test_lists_are_shown_and_searched(operator, row, model):
    for query in ("", "?q=N", "?q=%00"):
        assert operator.get(f"{HOME}/{model}/{query}").status_code == 200
    assert operator.get(f"{HOME}/epoch/add/").status_code == 403


def test_what_the_policies_refuse_is_refused_here_too(operator, row, monkeypatch):
    monkeypatch.setattr(sessions, "_providers", [lambda _: actor(ANNA)])
    sent = form(operator.get(f"{HOME}/namespace/add/")) | {"namespace": "M"}
    assert "you may not do this" in refusals(operator.post(f"{HOME}/namespace/add/", sent))
    assert Namespace.objects.get().namespace == "N"


def test_a_question_may_name_thousands_of_rows(operator, row):
    key = row.associations.get().pk
    sent = {"action": "set_off", "_selected_action": [key, *range(10**9, 10**9 + 5000)]}
    assert "warn → off" in operator.post(f"{HOME}/association/", sent).content.decode()


def test_modes_of_many_are_set_at_once_after_a_question(operator, row):
    for name in ("M", "O"):
        drafts = (AssociationDraft(name="T", mode="off"), AssociationDraft(name="U", mode="warn"))
        namespaces.create(NamespaceDraft(namespace=name, associations=drafts), actor=actor(ADMIN))
    chosen = list(Association.objects.exclude(namespace=row).values_list("pk", flat=True))
    sent = {"action": "set_enforce", "_selected_action": chosen}
    asked = operator.post(f"{HOME}/association/", sent).content.decode()
    assert "will be refused" in asked
    assert "M → T: off → enforce" in asked
    assert set(Association.objects.values_list("mode", flat=True)) == {"off", "warn"}
    told = operator.post(f"{HOME}/association/", sent | {"post": "yes"}, follow=True)
    assert "The mode of 4 is enforce." in told.content.decode()
    modes = dict(Association.objects.values_list("pk", "mode"))
    assert {modes[pk] for pk in chosen} == {"enforce"}
    assert modes[row.associations.get().pk] == "warn"
    changed = Event.objects.filter(kind="metadef_resource_type.update")
    assert {event.changes["mode"][1] for event in changed} == {"enforce"}
    assert None not in changed.values_list("actor_user_id", flat=True)


def test_namespaces_are_found_by_their_owner(operator, row):
    namespaces.create(NamespaceDraft(namespace="M", owner="p1"), actor=actor(ADMIN))
    found = operator.get(f"{HOME}/namespace/?owner=p1").context["cl"].result_list
    assert [one.namespace for one in found] == ["M"]
