"""The reference of the API as a page: everybody may read it, nothing foreign runs in it, and it shows every operation."""

import hashlib
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Browser

from settings.openapi import document
from tests.support.browser import chromium
from tests.support.server import Server, server, stray_sessions

__all__ = ["chromium", "server", "stray_sessions"]


def vendored(name: str) -> Path:
    found = finders.find(f"apidocs/{name}")
    assert isinstance(found, str)
    return Path(found)


@pytest.mark.parametrize("path", ["/docs/api", "/docs/api/"])
def test_page_is_for_everybody_and_runs_nothing_foreign(client: Client, path: str) -> None:
    first, second = client.get(path), client.get(path)
    assert (first.status_code, client.post(path).status_code) == (200, 405)
    policy, text = first.headers["Content-Security-Policy"], first.content.decode()
    assert "default-src 'none'; script-src 'self'; " in policy
    assert "unsafe" not in policy
    assert policy != second.headers["Content-Security-Policy"], "a nonce is for one page"
    (nonce,) = re.findall(r'data-nonce="([^"]+)"', text)
    assert f"style-src 'self' 'nonce-{nonce}'" in policy
    assert not re.search(r"https?://|<style|style=|<script>", text)


def test_renderer_is_the_one_that_is_named() -> None:
    """Whoever replaces it names its version and its licence too."""
    told = vendored("README.md").read_text()
    digest = hashlib.sha256(vendored("redoc.standalone.js").read_bytes()).hexdigest()
    assert digest in told
    assert "MIT" in vendored("LICENSE").read_text()
    assert vendored("redoc.standalone.js.LICENSE.txt").read_text()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_every_operation_is_shown_and_the_browser_has_no_complaint(
    server: Server, chromium: Browser
) -> None:
    wanted = [
        one["summary"]
        for path in document()["paths"].values()
        for one in path.values()
        if isinstance(one, dict) and "summary" in one
    ]
    complaints: list[str] = []
    foreign: list[str] = []
    page = chromium.new_page()
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: complaints.append(str(one)))
    page.on(
        "request",
        lambda one: foreign.append(one.url) if not one.url.startswith(server.url) else None,
    )
    page.goto(f"{server.url}/docs/api")
    page.wait_for_selector("h2:has-text('Register an image')", timeout=120_000)
    shown = page.locator("h2, h3").all_inner_texts()
    background = page.evaluate(
        "getComputedStyle(document.querySelector('.menu-content')).backgroundColor"
    )
    # The one thing that the renderer would fetch from elsewhere, which the page's policy forbids and it does without.
    logo = "https://cdn.redoc.ly/redoc/logo-mini.svg"
    assert [one for one in complaints if logo not in one] == []
    assert set(foreign) <= {logo}
    assert [one for one in wanted if one not in shown] == []
    assert background == "rgb(250, 250, 250)", "the renderer's own style counts"
