"""What operators do on the admin's pages is done by the keyboard alone."""

import pytest
from playwright.sync_api import Page

from catalog.models import Delivery, Job
from metadefs.models import Association
from tests.admin.test_axe import chromium, found_on, page, rows, server, stranger, stray_sessions

__all__ = ["chromium", "page", "rows", "server", "stranger", "stray_sessions"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until what matches the selector has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("one => document.activeElement.matches(one)", wanted):
            return
    pytest.fail(f"{wanted} was not reached")


def act(page: Page, action: str) -> None:
    """Choose all rows of the list and an action, and go."""
    page.wait_for_selector("#result_list")
    tab_to(page, "select[name=action]")
    page.keyboard.type(action)
    tab_to(page, "button[name=index]")
    go = page.locator("button[name=index]")
    tab_to(page, "#action-toggle")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+Tab")
    while not go.evaluate("one => one === document.activeElement"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")


def test_parked_deliveries_are_retried_and_failed_jobs_run_again(page: Page, rows: None) -> None:
    page.reload()
    tab_to(page, "#operation a[href*='parked__exact=1']")
    page.keyboard.press("Enter")
    act(page, "Retry")
    page.wait_for_selector(".messagelist .success")
    assert not Delivery.objects.filter(parked=True).exists()
    page.goto("/admin/")
    tab_to(page, "#operation a[href*='state=failed']")
    page.keyboard.press("Enter")
    act(page, "Run failed")
    page.wait_for_selector(".messagelist .success")
    assert not Job.objects.filter(state="failed").exists()


def test_modes_are_set_and_images_deleted_after_a_question(page: Page, rows: None) -> None:
    page.goto("/admin/metadefs/association/")
    act(page, "Set the mode to off")
    page.wait_for_selector("text=Nobody will look")
    assert found_on(page) == []
    tab_to(page, "#content input[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".messagelist .success")
    assert set(Association.objects.values_list("mode", flat=True)) == {"off"}
    page.goto("/admin/images/image/")
    act(page, "Delete selected")
    page.wait_for_selector("text=Are you sure")
    assert found_on(page) == []
    tab_to(page, "#content input[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".messagelist .success")


def test_a_project_is_typed_into_its_filter(page: Page, rows: None) -> None:
    page.goto("/admin/images/image/")
    tab_to(page, "input[name=project]")
    page.keyboard.type("nobody's")
    page.keyboard.press("Enter")
    page.wait_for_url("**/image/?project=nobody%27s")
    assert page.locator("#result_list").count() == 0
