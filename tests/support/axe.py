"""What axe finds on a page that a browser shows: all of its rules, those that it calls best practices too."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AT_REST = """document.getAnimations().filter((one) => one.effect.getComputedTiming().iterations !== Infinity)
  .forEach((one) => one.finish())"""


def findings(page: Page) -> list[str]:
    """One line for each element that breaks a rule, once colours that were changing have changed; axe comes by the
    browser's own door, whatever the page's policy.
    """
    page.evaluate(AT_REST)
    found = Axe().run(page).response["violations"]
    return [_line(rule, node) for rule in found for node in rule["nodes"]]


def _line(rule: dict, node: dict) -> str:
    where = " ".join(map(str, node["target"]))
    return (
        f"{rule['id']} ({rule['impact']}) {where}: {node['html'][:120]}: {node['failureSummary']}"
    )
