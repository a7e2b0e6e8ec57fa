"""A real browser, as tests drive it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def launched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Chromium, until the block ends."""
    # Playwright turns an event loop in this thread; what the tests ask of the database blocks nobody.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["VITRINE_TEST_CHROMIUM"], args=SWITCHES
        )
        yield browser
        browser.close()


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    with launched(monkeypatch) as browser:
        yield browser
