"""Events, deliveries, notices and jobs lead to the object and to the actor, and the object's page to its events."""

import re
from html import unescape

import pytest
from django.test import Client

from artifacts.jobs import KIND
from artifacts.types import types
from catalog import adminlinks
from catalog.actors import system_actor
from catalog.jobs import registry
from catalog.jobs.queueing import enqueue
from catalog.models import Event, Job, Notice
from catalog.outbox.deliveries import add_deliveries
from identity.services import projects
from images.services import limits, states
from images.services.locations.registering import HASHING
from metadefs.drafts import AssociationDraft, NamespaceDraft
from metadefs.services import namespaces
from tests.architecture import source
from tests.identity.factories import SYSTEM
from tests.support.identity import make_admin, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.urls")]
IMAGE = "OS::Glance::Image"
WITHOUT_PAGE = {"token"}
"""A revoked token has no row any more, and its id was never shown as a key."""
EVENTS = "/admin/catalog/event/"
JOBS = "/admin/catalog/job/"


def links(client: Client, path: str, **asked: str) -> set[str]:
    """Where the page leads: to rows, and to lists with a question."""
    text = client.get(path, asked, follow=True).content.decode()
    found = {unescape(one) for one in re.findall(r'href="(/admin/[^"]+)"', text)}
    return {one for one in found if re.search(r"/change/$|\?", one)}


def test_whatever_is_recorded_has_a_page() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in source.files())
    literal = set(re.findall(r'object_type="([\w:]+)"', text))
    assert {"user", "project", "job", "delivery", "limit"} <= literal
    contents = ("namespace", "property", "object", "tag", "resource_type")
    wanted = literal | {f"metadef_{one}" for one in contents} | {"Vitrine::Alias"}
    wanted |= {"service", "endpoint"} | {kind.resource_type for kind in types().values()}
    without = {one for one in wanted if adminlinks.linked(one, "x") == "x"}
    assert without == WITHOUT_PAGE


def test_an_event_leads_to_object_actor_and_the_rest_of_its_history(
    operator: Client, image
) -> None:
    admin, project = make_admin()
    row = image(name="it", owner=project.pk)
    states.delete_image(row.pk, actor=system_actor("tests"))
    Event.objects.filter(object_id=row.pk).update(
        actor_user_id=admin.pk, actor_project_id=project.pk
    )
    event = Event.objects.filter(object_id=row.pk).first()
    found = links(operator, f"{EVENTS}{event.pk}/change/")
    wanted = {
        f"/admin/images/image/{row.pk}/change/",
        f"/admin/identity/user/{admin.pk}/change/",
        f"/admin/identity/project/{project.pk}/change/",
        adminlinks.events_of(IMAGE, row.pk),
    }
    assert wanted <= found
    in_the_list = {
        f"/admin/images/image/{row.pk}/change/",
        f"/admin/identity/user/{admin.pk}/change/",
    }
    assert in_the_list <= links(operator, EVENTS)
    for address in wanted:
        assert operator.get(address).status_code == 200


def test_the_history_of_an_object_is_its_events_alone(operator: Client, image) -> None:
    first, second = image(name="first"), image(name="second")
    answer = operator.get(f"/admin/images/image/{first.pk}/history/")
    assert answer.url == adminlinks.events_of(IMAGE, first.pk)
    page = operator.get(answer.url).content.decode()
    assert first.pk in page
    assert second.pk not in page
    assert operator.get(f"/admin/images/image/{'0' * 8}/history/").status_code == 302
    assert operator.get(EVENTS, {"object_id": "a\x00"}).status_code == 200


def test_an_id_that_is_the_beginning_of_another_has_its_own_history(operator: Client) -> None:
    for key in ("a", "ab"):
        Event.objects.create(kind=f"region.{key}", object_type="region", object_id=key)
    page = operator.get(adminlinks.events_of("region", "a")).content.decode()
    assert "region.a<" in page
    assert "region.ab<" not in page


def test_histories_of_every_kind_are_found(operator: Client, image) -> None:
    """What a service records of a row is what the row's History shows."""
    actor = system_actor("tests")
    user = make_user("ada")
    project = projects.create_project(name="new", domain_id="default", actor=SYSTEM)
    draft = NamespaceDraft(
        namespace="N", tags=("t",), associations=(AssociationDraft(name="T", mode="warn"),)
    )
    space = namespaces.create(draft, actor=actor)
    limits.set_default("image_count_total", 5, actor=actor)
    kind = space.associations.get().resource_type
    pages = [
        f"identity/user/{user.pk}",
        f"identity/project/{project.pk}",
        f"metadefs/namespace/{space.pk}",
        f"metadefs/tag/{space.tags.get().pk}",
        f"metadefs/association/{space.associations.get().pk}",
        f"metadefs/resourcetype/{kind.pk}",
        "images/registeredlimit/image_count_total",
    ]
    for page in pages:
        answer = operator.get(f"/admin/{page}/history/", follow=True)
        assert answer.redirect_chain, page
        if page not in {f"metadefs/resourcetype/{kind.pk}", f"identity/user/{user.pk}"}:
            assert answer.context["cl"].result_count > 0, page


def test_definitions_are_found_by_what_events_call_them(operator: Client) -> None:
    associations = (AssociationDraft(name="T"),)
    draft = NamespaceDraft(namespace="N", tags=("t",), associations=associations)
    namespaces.create(draft, actor=system_actor("tests"))
    for object_type, object_id in Event.objects.filter(
        object_type__startswith="metadef"
    ).values_list("object_type", "object_id"):
        (address,) = re.findall('href="([^"]+)"', str(adminlinks.linked(object_type, object_id)))
        assert operator.get(address).context["cl"].result_count == 1, object_type


def test_deliveries_and_notices_lead_to_the_object(operator: Client, image) -> None:
    row = image(name="it")
    add_deliveries("search", IMAGE, [row.pk])
    Notice.objects.create(
        object_type=IMAGE, object_id=row.pk, event_type="image.update", priority="INFO",
        payload={}, message_id="m",
    )  # fmt: skip
    address = f"/admin/images/image/{row.pk}/change/"
    assert address in links(operator, "/admin/catalog/delivery/")
    assert address in links(operator, "/admin/catalog/notice/")


def test_every_kind_of_job_says_what_it_is_for() -> None:
    for kind in registry.kinds().values():
        if not kind.name.startswith("tests."):
            assert type(kind).concerns is not registry.JobKind.concerns, kind.name
            assert kind.concerns(Job(kind=kind.name, input={})) is not None


def test_jobs_lead_to_what_they_are_for(operator: Client, image) -> None:
    row, actor = image(name="it"), system_actor("tests")
    jobs = [
        enqueue(HASHING, {"image_id": row.pk}, actor=actor),
        enqueue(KIND, {"resource_types": [IMAGE], "epoch": 1}, actor=actor),
        enqueue(KIND, {"resource_types": ["A", "B"], "epoch": 1}, actor=actor),
        enqueue("gone.kind", {}, actor=actor, key="its key"),
    ]
    text = operator.get(JOBS).content.decode()
    assert f"/admin/images/image/{row.pk}/change/" in text
    assert "/admin/metadefs/resourcetype/?q=OS%3A%3AGlance%3A%3AImage" in text
    assert "A, B" in text
    assert "its key" in text
    for job in jobs:
        assert operator.get(f"{JOBS}{job.pk}/change/").status_code == 200


def test_names_that_are_code_stay_text(operator: Client) -> None:
    code = '"><script>x</script>'
    Event.objects.create(
        kind="x", object_type="OS::Glance::Image", object_id=code, actor_user_id=code
    )
    page = operator.get(EVENTS).content.decode()
    assert code not in page
    assert "<script>x" not in page
