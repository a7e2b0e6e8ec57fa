"""The pages in a real browser: search as you type, keyboard, both lights, a phone, and no script at all."""

import json
import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from artifacts.models import Artifact, Blob
from tests.console.conftest import Person
from tests.identity.factories import PASSWORD
from tests.support.axe import findings
from tests.support.browser import chromium
from tests.support.identity import give_role, headers_for, make_admin
from tests.support.server import Server, server, stray_sessions

__all__ = ["chromium", "server", "stray_sessions"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
CODE = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>'
CONTRAST = """() => {
  const parse = (text) => {
    const n = text.match(/[\\d.]+/g).map(Number);
    return text.startsWith("color(srgb") ? [...n.slice(0, 3).map((v) => v * 255), n[3] ?? 1] : [n[0], n[1], n[2], n[3] ?? 1];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour[3] > .8) return colour;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest(".unseen, .skip, svg, [aria-hidden]")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push(`${node.tagName}.${node.className} ${node.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return found;
}"""


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about; a test takes out what it expected."""
    return []


@pytest.fixture
def visit(
    chromium: Browser, server: Server, index, ada: Person, complaints: list[str]
) -> Iterator[Callable[..., Page]]:
    """Signs ada in and shows the search; what the browser complains about fails the test."""
    contexts: list[BrowserContext] = []
    fill_catalog(ada)
    index()

    def open_page(path: str = "/", **options) -> Page:
        context = chromium.new_context(base_url=server.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda m: complaints.append(m.text) if is_complaint(m) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(path)
        page.get_by_label("User name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("#found, .asset")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def is_complaint(message: ConsoleMessage) -> bool:
    """Errors, but for the answer to a session that has ended, which the page's script understands."""
    return message.type == "error" and "401 (Unauthorized)" not in message.text


def fill_catalog(ada: Person) -> None:
    ada.image("Debian 12", tags=["lts", "linux"], disk_format="qcow2", container_format="bare")
    ada.image("Debian 13", tags=["linux"], disk_format="raw", container_format="bare")
    ada.image("Windows Server", tags=["licensed"], disk_format="vmdk", container_format="bare")
    ada.image(CODE, tags=[CODE], description=CODE, os_distro=CODE)


def names(page: Page) -> list[str]:
    return page.locator("ol.results h2").all_inner_texts()


def shows(page: Page, *wanted: str) -> None:
    """Waits until exactly these are found, in any order."""
    found = sorted(wanted)
    page.wait_for_function(
        "w => JSON.stringify([...document.querySelectorAll('ol.results h2')].map(h => h.innerText).sort()) === w",
        arg=json.dumps(found, separators=(",", ":"), ensure_ascii=False),
    )


def test_the_page_answers_while_somebody_types(visit) -> None:
    page = visit()
    assert len(names(page)) == 4
    page.evaluate("window.same = true")
    page.keyboard.type("debi")
    page.wait_for_url(re.compile(r"/\?q=debi$"))
    shows(page, "Debian 12", "Debian 13")
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.locator("#said").inner_text() == "2 assets"
    page.keyboard.type("an 13")
    page.wait_for_url(re.compile(r"/\?q=debian\+13$"))
    shows(page, "Debian 13")
    assert page.locator("mark").all_inner_texts() == ["Debian", "13"]
    assert page.evaluate("window.same"), "the page was not loaded again"
    page.reload()
    shows(page, "Debian 13")


def test_facets_go_on_and_off_and_the_browser_can_go_back(visit) -> None:
    page = visit()
    page.evaluate("window.same = true")
    page.get_by_role("link", name="linux").first.click()
    shows(page, "Debian 12", "Debian 13")
    page.get_by_role("link", name="raw 1").click()
    shows(page, "Debian 13")
    assert page.url.endswith("/?tags=linux&disk_format=raw")
    page.go_back()
    shows(page, "Debian 12", "Debian 13")
    page.get_by_role("link", name="Tags linux").click()
    page.wait_for_function("() => document.querySelectorAll('ol.results h2').length === 4")
    assert page.evaluate("window.same"), "the page was not loaded again"


def test_typing_keeps_the_filters(visit) -> None:
    page = visit("/?tags=linux")
    page.keyboard.type("12")
    page.wait_for_url(re.compile(r"/\?q=12&tags=linux$"))
    shows(page, "Debian 12")


def test_a_refusal_is_shown_and_keeps_the_filters(visit, complaints) -> None:
    page = visit("/?tags=linux")
    page.get_by_label("Search assets").fill("x " * 40)
    page.get_by_role("heading", name="This cannot be searched for").wait_for()
    assert page.get_by_text("at most 32 words").is_visible()
    page.get_by_label("Search assets").fill("12")
    shows(page, "Debian 12")
    assert page.url.endswith("/?q=12&tags=linux")
    assert complaints.pop().startswith(
        "Failed to load resource: the server responded with a status of 400"
    )


def test_a_service_that_is_away_is_said_and_forgotten_when_it_is_back(visit, complaints) -> None:
    page = visit()
    page.context.set_offline(True)
    page.keyboard.type("deb")
    page.get_by_text("The service cannot be reached").wait_for()
    assert len(names(page)) == 4
    page.context.set_offline(False)
    page.keyboard.type("ian 12")
    shows(page, "Debian 12")
    assert not page.get_by_text("The service cannot be reached").is_visible()
    assert complaints
    assert all("ERR_INTERNET_DISCONNECTED" in one for one in complaints)
    complaints.clear()


def test_everything_is_reached_by_the_keyboard(visit) -> None:
    page = visit()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("debian")
    page.wait_for_url(re.compile(r"/\?q=debian$"))
    shows(page, "Debian 12", "Debian 13")
    for _ in range(40):
        page.keyboard.press("Tab")
        key = page.evaluate("document.activeElement.dataset.key || ''")
        if key == "disk_format=raw":
            break
    else:
        pytest.fail("the facet was not reached")
    page.keyboard.press("Enter")
    shows(page, "Debian 13")
    assert page.evaluate("document.activeElement.dataset.key") == "disk_format=raw"
    while not page.evaluate("(document.activeElement.dataset.key || '').startsWith('asset-')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".asset h1")
    assert page.locator("h1").inner_text() == "Debian 13"
    page.get_by_role("link", name="← Search").click()
    shows(page, "Debian 13")


def test_names_that_are_code_never_run(visit) -> None:
    page = visit()
    page.keyboard.type("script")
    shows(page, CODE)
    page.get_by_role("link", name=CODE).first.click()
    page.wait_for_selector(".asset h1")
    assert page.locator("h1").inner_text() == CODE
    assert page.evaluate("window.broken") is None


def test_without_a_script_it_is_a_form_and_links(visit) -> None:
    page = visit(java_script_enabled=False)
    page.get_by_role("link", name="linux").first.click()
    assert sorted(names(page)) == ["Debian 12", "Debian 13"]
    page.get_by_label("Search assets").fill("13")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/\?q=13&tags=linux$"))
    assert names(page) == ["Debian 13"]


def test_another_project_is_chosen_from_the_menu(visit, ada: Person, theirs) -> None:
    give_role(ada.user, "member", theirs)
    page = visit()
    page.locator("summary", has_text="ours").click()
    page.get_by_role("button", name="theirs").click()
    page.wait_for_selector("text=Nothing is here yet")
    assert page.locator("summary", has_text="theirs").is_visible()


def test_a_session_that_ended_leads_to_the_door(visit) -> None:
    page = visit()
    page.context.clear_cookies()
    page.keyboard.type("deb")
    page.wait_for_url(re.compile(r"/sign-in\?next="))
    assert page.get_by_label("Password").is_visible()


@pytest.mark.parametrize("light", ["light", "dark"])
def test_all_text_can_be_read(visit, ada: Person, namespace, index, light: str) -> None:
    namespace({"os_distro": {"title": "d", "type": "string", "enum": ["debian"]}})
    row = ada.image("broken", os_distro="cp/m", visibility="shared", active=True)
    Blob.objects.create(artifact=row, slot="image", status="active")
    Artifact.objects.filter(pk=row.pk).update(size=5)
    index()
    page = visit("/?q=b&visibility=shared", color_scheme=light)
    assert page.evaluate(CONTRAST) == []
    for menu in page.locator("details.menu").all():
        menu.locator("summary").click()
        assert page.evaluate(CONTRAST) == []
    page.goto("/?sort=name")
    assert page.evaluate(CONTRAST) == []
    page.goto(f"/assets/OS::Glance::Image/{row.pk}")
    assert page.evaluate(CONTRAST) == []


LIGHTS = pytest.mark.parametrize("light", ["light", "dark"])
ADDRESSES = (
    "/", "/?q=debian&tags=linux", "/?q=debain", "/?q=nothing+at+all", "/?q=debian+AND", "/?page=9", "/?nonsense=1",
    "/assets/OS::Glance::Image/none", "/nowhere",
)  # fmt: skip


@LIGHTS
def test_axe_finds_nothing(visit, ada: Person, namespace, index, complaints, light: str) -> None:
    namespace({"os_distro": {"title": "d", "type": "string", "enum": ["debian"]}})
    row = ada.image("broken", os_distro="cp/m", visibility="shared", active=True)
    Blob.objects.create(artifact=row, slot="image", status="active")
    Artifact.objects.filter(pk=row.pk).update(size=5)
    waiting = ada.image("waiting", active=False)
    for number in range(60):
        ada.image(f"many {number}", tags=["many", f"t{number}"])
    index()
    page = visit(color_scheme=light)
    assets = [f"/assets/OS::Glance::Image/{one.pk}" for one in (row, waiting)]
    for path in (*ADDRESSES, *assets):
        page.goto(path)
        assert findings(page) == [], path
    page.goto("/")
    page.evaluate("for (const one of document.querySelectorAll('.facet details')) one.open = true")
    assert findings(page) == []
    for menu in page.locator("details.menu").all():
        menu.locator("summary").click()
        assert findings(page) == []
    page.context.clear_cookies()
    page.goto("/")
    assert findings(page) == []
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert findings(page) == []
    complaints.clear()  # of the addresses that are refused


@LIGHTS
def test_axe_finds_nothing_on_a_phone(visit, light: str) -> None:
    phone = {"width": 360, "height": 740}
    page = visit(viewport=phone, is_mobile=True, has_touch=True, color_scheme=light)
    assert findings(page) == []
    page.get_by_text("Filters", exact=True).click()
    assert findings(page) == []
    page.locator("ol.results h2 a").first.click()
    page.wait_for_selector(".asset h1")
    assert findings(page) == []


def tab_to(page: Page, key: str, most: int = 20) -> None:
    """Goes on by Tab until something with this key, or this text, has the focus; each stop on the way is seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        assert stop["seen"], stop
        if key in {stop["key"], stop["text"]}:
            return
    pytest.fail(f"{key} was not reached")


STOP = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  return {key: one.dataset.key || one.id, text: one.textContent.trim(),
    seen: box.width > 4 && box.height > 4 && box.left >= 0 && box.right <= innerWidth
      && getComputedStyle(one).clipPath === "none" && one.checkVisibility()};
}"""


def test_the_first_tab_is_seen_and_leads_past_the_facets(visit, ada: Person, index) -> None:
    for number in range(60):
        ada.image(f"many {number}", tags=["many", f"t{number}"])
    index()
    page = visit("/?sort=name")
    assert page.evaluate("document.activeElement.id") == "q"
    tab_to(page, "Skip to the results", most=1)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "found"
    tab_to(page, "asset-1", most=8)
    page.keyboard.press("Enter")
    page.wait_for_selector(".asset h1")
    tab_to(page, "Skip to the content", most=1)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_every_stop_of_the_search_is_seen(visit) -> None:
    page = visit("/?tags=linux")
    tab_to(page, "asset-2", most=60)


def test_filters_and_pages_by_keyboard(visit, ada: Person, index) -> None:
    for number in range(25):
        ada.image(f"many {number:02}", tags=["many"], disk_format="iso", container_format="bare")
    index()
    page = visit("/?sort=name&tags=many")
    tab_to(page, "Skip to the results")
    page.keyboard.press("Enter")
    tab_to(page, "after", most=60)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"page=2"))
    shows(page, *(f"many {number}" for number in range(20, 25)))
    page.locator("#q").focus()
    tab_to(page, "Skip to the results")
    page.keyboard.press("Enter")
    tab_to(page, "Clear filters")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/\?sort=name$|/$"))
    page.wait_for_function("document.querySelector('#count').innerText === '29 assets'")


def test_more_values_of_a_facet_by_keyboard(visit, ada: Person, index) -> None:
    for number in range(20):
        ada.image(f"many {number}", tags=["many", f"t{number:02}"])
    index()
    page = visit("/")
    tab_to(page, "19 more", most=60)
    page.keyboard.press("Enter")
    tab_to(page, "tags=t09", most=20)
    page.keyboard.press("Enter")
    shows(page, "many 9")


def test_the_language_and_what_is_meant_by_keyboard(visit, complaints) -> None:
    page = visit()
    page.keyboard.type("tags:linux AND disk_format:raw")
    shows(page, "Debian 13")
    page.locator("#q").fill("tags:linux AND")
    page.get_by_role("heading", name="This search cannot be read").wait_for()
    assert page.locator(".typed").inner_text() == "tags:linux AND…"
    page.locator("#q").fill("debain 12")
    page.get_by_text("Did you mean").wait_for()
    tab_to(page, "Skip to the results")
    page.keyboard.press("Enter")
    tab_to(page, "meant", most=5)
    page.keyboard.press("Enter")
    shows(page, "Debian 12")
    assert page.locator("#q").input_value() == "debian 12"
    assert all("400" in one for one in complaints)
    complaints.clear()


def test_an_image_is_downloaded_by_keyboard(visit, ada: Person, server: Server) -> None:
    row = ada.image("data", active=False, disk_format="raw", container_format="bare")
    headers = headers_for(ada.user, ada.user.default_project)
    octets = {**headers, "Content-Type": "application/octet-stream"}
    address = f"{server.url}/image/v2/images/{row.pk}/file"
    assert httpx.put(address, content=b"bytes", headers=octets).status_code == 204
    page = visit(f"/assets/OS::Glance::Image/{row.pk}")
    page.evaluate("document.activeElement.blur()")
    tab_to(page, "download")
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    assert started.value.suggested_filename == "data.raw"
    assert started.value.path().read_bytes() == b"bytes"


def test_administration_by_keyboard(visit, ada: Person) -> None:
    give_role(ada.user, "admin", make_admin()[1])
    page = visit()
    tab_to(page, "User: ada")
    page.keyboard.press("Enter")
    tab_to(page, "Administration", most=1)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/admin/$"))


@pytest.mark.parametrize("width", [1280, 1920])
def test_the_full_width_is_used(visit, width: int) -> None:
    page = visit(viewport={"width": width, "height": 800})
    right = "(one) => one.getBoundingClientRect().right"
    for selector in (".results", ".who"):
        assert page.locator(selector).evaluate(right) > width - 60
    page.locator("ol.results h2 a").first.click()
    page.wait_for_selector(".asset h1")
    assert page.locator(".asset-side").evaluate(right) > width - 60


@pytest.mark.parametrize("path", ["/", "/?q=debian&tags=linux", "/?q=nothing"])
def test_it_fits_a_phone(visit, path: str) -> None:
    page = visit(path, viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not page.locator("#facets").is_visible()
    page.get_by_text("Filters", exact=True).click()
    assert page.locator("#facets").is_visible()
    if names(page):
        page.locator("ol.results h2 a").first.click()
        page.wait_for_selector(".asset h1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_every_control_has_a_name(visit) -> None:
    page = visit()
    nameless = """() => [...document.querySelectorAll("a, button, summary, input:not([type=hidden])")]
      .filter((one) => !(one.innerText || one.textContent).trim() && !(one.labels && one.labels.length)
        && !one.getAttribute("aria-label")).map((one) => one.outerHTML)"""
    for path in (
        "/",
        "/?q=debian&tags=linux",
        page.locator("ol.results h2 a").first.get_attribute("href"),
    ):
        page.goto(path)
        assert page.evaluate(nameless) == []
        assert page.locator("h1").count() == 1
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
        assert len(ids) == len(set(ids))
