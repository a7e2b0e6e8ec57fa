"""Programs that tests run themselves: installed and named in the env file, never started here."""

import shutil
from dataclasses import dataclass


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


TOOLS = {
    tool.name: tool
    for tool in (
        # Without a font, pages and their screenshots are blank.
        Tool("chromium", "chromium", "VITRINE_TEST_CHROMIUM", ("chromium", "fonts-liberation")),
        Tool("qemu", "qemu-img", "VITRINE_TEST_QEMU_IMG", ("qemu-utils",)),
    )
}
