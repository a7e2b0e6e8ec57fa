"""Operators' pages of artifacts of every type."""

from artifacts.admin import rows
from artifacts.admin.catalogued import READ, CataloguedAdmin, provide, verbs_of
from artifacts.admin.lists import ShelfFilter

__all__ = ["READ", "CataloguedAdmin", "ShelfFilter", "provide", "rows", "verbs_of"]
