"""Programs that tests run themselves: installed and named in the env file, never started here."""

import shutil
from dataclasses import dataclass

from .environments import Environment


@dataclass(frozen=True)
class Tool:
    """A command of a Debian package, and the variable that names it to tests."""

    name: str
    command: str
    variable: str
    packages: tuple[str, ...]

    @property
    def path(self) -> str | None:
        return shutil.which(self.command)

    def missing_packages(self) -> list[str]:
        return [] if self.path else list(self.packages)

    def fetch(self) -> None:
        """The packages are all there is."""


@dataclass(frozen=True)
class PythonTool:
    """A program from PyPI; the variable names the Python that has it."""

    name: str
    variable: str

    @property
    def path(self) -> str | None:
        found = Environment(self.name)
        return str(found.python) if found.folder.is_dir() else None

    def missing_packages(self) -> list[str]:
        return []

    def fetch(self) -> None:
        """Install it into the cache."""
        Environment(self.name).install()


TOOLS: dict[str, Tool | PythonTool] = {
    tool.name: tool
    for tool in (
        # Without a font, pages and their screenshots are blank.
        Tool("chromium", "chromium", "VITRINE_TEST_CHROMIUM", ("chromium", "fonts-liberation")),
        Tool("qemu", "qemu-img", "VITRINE_TEST_QEMU_IMG", ("qemu-utils",)),
        Tool("nginx", "nginx", "VITRINE_TEST_NGINX", ("nginx-light",)),
        Tool("faketime", "faketime", "VITRINE_TEST_FAKETIME", ("faketime",)),
        PythonTool("tempest", "VITRINE_TEST_TEMPEST"),
        PythonTool("glance", "VITRINE_TEST_GLANCE"),
    )
}
