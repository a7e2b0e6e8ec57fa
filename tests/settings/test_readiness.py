"""What a start says while parts come, stay away, and come later."""

from collections.abc import Mapping

import pytest
from typing_extensions import override

from settings.sections import HttpConfig
from settings.serving.readiness import NotReady, Readiness

AWAY = "Elasticsearch does not answer"


class Start:
    """A service of which each second's answer is written down before."""

    def __init__(self, *answers: Mapping[str, str] | str) -> None:
        self.moment = 0.0
        self.said: list[tuple[float, str]] = []
        start = self

        class Scripted(Readiness):
            @override
            def ask(self) -> Mapping[str, str]:
                found = answers[min(int(start.moment), len(answers) - 1)]
                if isinstance(found, str):
                    raise NotReady(found)
                return found

        def announce(lacking: Mapping[str, str]) -> None:
            self.say("; ".join(["ready", *(f"no {name}: {why}" for name, why in lacking.items())]))

        self.tick = Scripted(HttpConfig(), announce, self.say, clock=lambda: self.moment)

    def say(self, sentence: str) -> None:
        self.said.append((self.moment, sentence))

    def run(self, seconds: int) -> list[tuple[float, str]]:
        for _ in range(seconds):
            self.tick()
            self.moment += 1
        return self.said


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["no answer", {}], [(1, "ready")]),
        ([{"search": "no index yet"}, {}], [(1, "ready")]),
        ([{"search": AWAY}], [(5, f"ready; no search: {AWAY}")]),
        (
            [{"search": AWAY, "broker": "x"}] * 10 + [{"search": AWAY}] * 10 + [{}],
            [(5, f"ready; no search: {AWAY}; no broker: x"), (15, "broker is there now"), (25, "search is there now")],
        ),
        ([{"search": AWAY}] * 8 + ["gone"], [(5, f"ready; no search: {AWAY}")]),
        (["database: away"], [(n, "not ready yet: database: away") for n in (10, 20, 30)]),
    ],
)  # fmt: skip
def test_a_start_is_told_once_it_can_be_used_with_what_it_lacks(
    answers: list[Mapping[str, str] | str], said: list[tuple[float, str]]
) -> None:
    assert Start(*answers).run(40) == said
