"""The admin in a real browser, which refuses what the policy of its pages forbids and says so."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.identity.factories import PASSWORD
from tests.support.browser import chromium
from tests.support.identity import make_admin
from tests.support.server import Server, server, stray_sessions

__all__ = ["chromium", "server", "stray_sessions"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def page(chromium: Browser, server: Server, image) -> Iterator[Page]:
    """The admin's front page; what the browser complains about fails the test."""
    make_admin()
    image(name="seen")
    complaints: list[str] = []
    found = chromium.new_page(base_url=server.url)
    found.set_default_timeout(60_000)
    found.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.goto("/admin/")
    found.locator("#id_username").fill("admin")
    found.locator("#id_password").fill(PASSWORD)
    found.locator("#login-form input[type=submit]").click()
    found.wait_for_selector("#user-tools")
    yield found
    assert complaints == []


def test_every_list_and_form_works_under_the_policy(page: Page) -> None:
    answers: list[Response] = []

    def note(one: Response) -> None:
        answers.append(one)

    page.on("response", note)
    lists = [one.get_attribute("href") for one in page.locator("#content th a").all()]
    assert len(lists) > 10
    for path in lists:
        assert path is not None
        page.goto(path)
        page.wait_for_selector("#changelist")
        if page.locator(".object-tools .addlink").count():
            page.locator(".object-tools .addlink").first.click()
            page.wait_for_selector("#content form")
    shown = [one for one in answers if one.headers.get("content-type", "").startswith("text/html")]
    assert shown
    for one in shown:
        assert "default-src 'none'" in one.headers["content-security-policy"], one.url


def test_scripts_of_the_admin_run_and_others_do_not(page: Page) -> None:
    page.goto("/admin/artifacts/artifact/")
    page.locator("#result_list th a").first.click()
    page.wait_for_selector("#content form, #content-main")
    assert page.evaluate("typeof window.django") == "object"
    assert page.locator("link[rel=stylesheet]").count()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('#header')).backgroundColor")
        != "rgba(0, 0, 0, 0)"
    )
