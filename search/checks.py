"""Checks of search's set-up: fields that contradict each other stop the service; an engine that is away only warns."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from catalog.indexing.documents import sources
from search import engines, schema
from search.errors import EngineUnavailable, IndexMissing


@register()
def fields_agree(**_: Any) -> list[CheckMessage]:
    """Sources that share a field declare it with the same type."""
    try:
        schema.build(sources().values(), {})
    except ValueError as error:
        return [
            Error(
                f"the documents cannot share an index: {error}",
                hint="Rename the field in one of the sources, or give it the same type.",
                id="search.E001",
            )
        ]
    return []


@register(Tags.database)
def engine_answers(**_: Any) -> list[CheckMessage]:
    """The engine can be reached; run by `check --database default` and where the database is checked."""
    try:
        engines.current().check()
    except IndexMissing:
        return []  # the relay makes it when it starts
    except EngineUnavailable as error:
        return [
            CheckWarning(
                f"{error.for_operators} ({error.__cause__ or type(error).__name__})",
                hint="Start it, or set VITRINE_SEARCH_URL; the relay catches up once it answers.",
                id="search.W001",
            )
        ]
    return []
