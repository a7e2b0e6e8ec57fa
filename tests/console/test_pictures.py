"""The pictures of the docs, made anew with VITRINE_TEST_PICTURES=1; otherwise only that they can be made."""

import os
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from artifacts.models import Artifact
from catalog.clock import now
from tests.console.conftest import Person
from tests.identity.factories import PASSWORD
from tests.support.browser import chromium
from tests.support.server import Server, server, stray_sessions

__all__ = ["chromium", "server", "stray_sessions"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTH, HEIGHT, SCALE = 1280, 800, 1.5
CATALOG = (
    # name, distribution, version, architecture, description, tags, MiB, hours since it changed
    ("Debian 12 generic cloud", "debian", "12", "x86_64", "Stable Debian with cloud-init, rebuilt every week.", ["cloud-init", "lts"], 348, 3),
    ("Debian 12 generic cloud", "debian", "12", "aarch64", "The same for arm.", ["arm", "cloud-init", "lts"], 317, 27),
    ("Debian 13 generic cloud", "debian", "13", "x86_64", "", ["cloud-init"], 361, 60),
    ("climate-model-runner 3.2", "debian", "12", "x86_64", "Debian with ICON, NetCDF and OpenMPI for the regional runs.", ["frozen", "hpc"], 6600, 900),
    ("Ubuntu 24.04 server", "ubuntu", "24.04", "x86_64", "", ["cloud-init", "lts"], 588, 300),
    ("Rocky Linux 9", "rocky", "9", "x86_64", "", ["hpc"], 712, 700),
)  # fmt: skip


def fill(ada: Person) -> None:
    for name, distro, version, architecture, description, tags, size, hours in CATALOG:
        properties = {"os_distro": distro, "os_version": version, "architecture": architecture}
        fields = {"disk_format": "qcow2", "container_format": "bare"}
        fields["visibility"] = "shared" if "frozen" in tags else "private"
        row = ada.image(name, tags=tags, description=description, **fields, **properties)
        changed = now() - timedelta(hours=hours)
        Artifact.objects.filter(pk=row.pk).update(size=size << 20, updated_at=changed)


def test_the_page(
    chromium: Browser, server: Server, index, ada: Person, namespace, tmp_path: Path
) -> None:
    text = {"type": "string"}
    namespace({key: {**text, "title": key} for key in ("os_distro", "os_version", "architecture")})
    fill(ada)
    index()
    page = chromium.new_page(
        base_url=server.url,
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=SCALE,
        color_scheme="light",
    )
    page.goto("/?q=debian")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("ol.results")
    assert page.locator("ol.results > li").count() == 4
    folder = IMAGES if os.environ.get("VITRINE_TEST_PICTURES") else tmp_path
    made = page.screenshot(path=folder / "page.png")
    assert struct.unpack(">II", made[16:24]) == (WIDTH * SCALE, HEIGHT * SCALE)
