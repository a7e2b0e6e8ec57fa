"""What was typed and cannot be searched for: where it goes wrong, and what else may be asked."""

from dataclasses import dataclass

from catalog.errors import CatalogError
from console.asking import Asking
from search import analysis
from search.errors import QueryRefused
from search.parsing import lucene


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The text up to where it cannot be read (None: it can), and the rest; where to search for it as a phrase, empty
    where it holds no word.
    """

    before: str | None
    wrong: str
    phrase: str
    address: str


def refusal(asking: Asking, error: CatalogError) -> Refusal | None:
    """None for other errors than those of the text."""
    if not isinstance(error, QueryRefused) or not asking.text:
        return None
    text, at = asking.text, error.at
    phrase = lucene.quoted(text) if analysis.words(text) and at is not None else ""
    return Refusal(
        before=None if at is None else text[:at],
        wrong="" if at is None else text[at:],
        phrase=phrase,
        address=asking.retyped(phrase).address if phrase else "",
    )
