"""Aliases of images, which Images v2 calls families. A list by a name that no image has finds what the alias of this
name leads to.
"""

from collections.abc import Iterable
from dataclasses import replace

from django.db.models import QuerySet

from artifacts import aliases
from artifacts.models import Alias, Artifact
from artifacts.selectors import artifacts_by_id
from artifacts.sorting import KEYS
from artifacts.visibility import Scope
from catalog.actors import Actor
from catalog.query import Page
from images.models import TYPE
from images.selectors import ImageRow, listed


def current(
    actor: Actor, name: str, *, rows: QuerySet[Artifact], scope: Scope
) -> tuple[Alias, ImageRow] | None:
    """The family of this name and its current image; None when an image has the name, or nothing leads anywhere.

    `rows` carries the other filters of the list, which the image must pass too. Images stand in the way that the actor
    finds in its lists; what strangers offer to share with it, or to everybody, does not.
    """
    alias = aliases.found_by_name(actor, name, type=TYPE)
    if alias is None or alias.target_id is None:
        return None
    named = Artifact.objects.alias(key=KEYS["name"]).filter(key=name, hidden=False)
    if any(listed(actor, rows=named, scope=Scope(), page=Page(1)).rows):
        return None
    wide = scope if scope.visibility else replace(scope, visibility="all", member_status="all")
    led_to = listed(actor, rows=rows.filter(pk=alias.target_id), scope=wide, page=Page(1))
    found = next(led_to.rows, None)
    return None if found is None else (alias, found)


def seen(actor: Actor, ids: Iterable[str | None]) -> dict[str, str]:
    """Those of the images that the actor may see, each with its id as it was given."""
    known = {one for one in ids if one is not None}
    rows = artifacts_by_id(actor).filter(pk__in=known, type=TYPE)
    return {row.pk: row.spelt_id for row in rows.only("id", "given_id")} if known else {}
