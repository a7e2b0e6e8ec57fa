"""Axe finds nothing on the admin's pages, in light and in dark, and none is wider than a small screen."""

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Browser, Page

from catalog.actors import system_actor
from catalog.jobs.queueing import enqueue
from catalog.models import Delivery, Job, Notice
from catalog.outbox.deliveries import add_deliveries
from images.services import limits, members
from images.services.locations.registering import HASHING
from metadefs.drafts import AssociationDraft, NamespaceDraft, ObjectDraft
from metadefs.services import namespaces
from tests.identity.factories import PASSWORD
from tests.metadefs.conftest import cores
from tests.support.axe import findings
from tests.support.browser import chromium
from tests.support.identity import make_admin, make_project, make_user, token_for
from tests.support.server import Server, server, stray_sessions

__all__ = ["chromium", "server", "stray_sessions"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SMALL = {"width": 1280, "height": 800}
LIGHTS = ("light", "dark")
LONG = "a" * 60


@pytest.fixture
def stranger(chromium: Browser, server: Server) -> Page:
    """A browser in which nobody is signed in."""
    make_admin()
    page = chromium.new_page(base_url=server.url, viewport=SMALL)
    page.set_default_timeout(60_000)
    return page


@pytest.fixture
def page(stranger: Page) -> Page:
    """A browser in which the administrator is signed in."""
    stranger.goto("/admin/")
    stranger.locator("#id_username").fill("admin")
    stranger.locator("#id_password").fill(PASSWORD)
    stranger.keyboard.press("Enter")
    stranger.wait_for_selector("#operation")
    return stranger


@pytest.fixture
def rows(image) -> None:
    """Something on every page that is looked at; names and ids are long."""
    actor = system_actor("tests")
    project = make_project(f"project-{LONG}")
    user = make_user("ada", project)
    token_for(user, project)
    shared = image(name=LONG * 4, visibility="shared", owner=project.pk, tags=["t"], p="v")
    members.add_member(shared, "p" * 60, actor=actor)
    association = AssociationDraft(name="OS::Glance::Image", prefix="x_", mode="warn")
    draft = NamespaceDraft(
        namespace=f"N{LONG}",
        display_name=f"The namespace {LONG}",
        properties={"p": cores()},
        objects=(ObjectDraft(name="o"),),
        tags=("t",),
        associations=(association,),
    )
    namespaces.create(draft, actor=actor)
    limits.set_default("image_count_total", 5, actor=actor)
    add_deliveries("search", "OS::Glance::Image", [shared.pk])
    Delivery.objects.update(parked=True, error="mapper_parsing_exception " * 20)
    job = enqueue(HASHING, {"image_id": shared.pk}, actor=actor)
    Job.objects.filter(pk=job.pk).update(state="failed", error_code="e" * 40)
    Notice.objects.create(
        object_type="OS::Glance::Image", object_id=shared.pk, event_type="image.update",
        priority="INFO", payload={}, message_id="m",
    )  # fmt: skip


def found_on(page: Page) -> list[str]:
    """What axe finds in both lights, and whether the page must be moved sideways."""
    found = []
    for light in LIGHTS:
        page.emulate_media(color_scheme=light)
        found += [f"{light}: {one}" for one in findings(page)]
    width = page.evaluate("document.documentElement.scrollWidth")
    return [*found, *([f"{width} pixels wide"] if width > SMALL["width"] else [])]


def test_signing_in(stranger: Page) -> None:
    stranger.goto("/admin/")
    assert found_on(stranger) == []
    stranger.locator("#id_username").fill("admin")
    stranger.locator("#id_password").fill("wrong")
    stranger.keyboard.press("Enter")
    stranger.wait_for_selector(".errornote")
    assert found_on(stranger) == []


def test_the_front_page(page: Page, rows: None) -> None:
    page.reload()
    assert page.get_by_role("link", name="See the errors and retry").is_visible()
    assert found_on(page) == []


MODELS = sorted(
    (model._meta.app_label, str(model._meta.model_name)) for model in admin.site._registry
)


def looked_at(page: Page, app: str, model: str) -> Iterator[str]:
    """Shows the list of a model, a row, the page that asks before that is deleted, and the form for adding one."""
    page.goto(reverse(f"admin:{app}_{model}_changelist"))
    yield page.url
    add = page.locator(".object-tools a.addlink").count()
    row = page.locator("#result_list tbody th a")
    if row.count():
        page.goto(str(row.first.get_attribute("href")))
        yield page.url
        if page.locator("a.deletelink").count():
            page.goto(str(page.locator("a.deletelink").get_attribute("href")))
            yield page.url
    if add:
        page.goto(reverse(f"admin:{app}_{model}_add"))
        yield page.url


@pytest.mark.parametrize("app", sorted({app for app, _ in MODELS}))
def test_every_list_form_and_question(page: Page, rows: None, app: str) -> None:
    found: list[str] = []
    for label, model in MODELS:
        if label == app:
            for address in looked_at(page, label, model):
                found += [f"{address}: {one}" for one in found_on(page)]
    assert not found, "\n".join(found)


def test_no_is_an_answer_and_no_error(page: Page, rows: None) -> None:
    """The pictures of yes and no have one colour, and errors have another picture."""
    page.goto("/admin/metadefs/namespace/")
    assert page.locator("#result_list img[alt=False]").count()
    colours = set()
    for name in ("yes", "no"):
        text = page.request.get(f"/static/admin/img/icon-{name}.svg").text()
        colours |= set(re.findall("#[0-9a-f]{3,6}", text))
    assert colours == {"#777"}
