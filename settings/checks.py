"""What `manage.py check` says about the configuration beyond what a start refuses."""

import difflib
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import Error as DatabaseError

from catalog import policy
from catalog.conf import CatalogConfig, section
from catalog.errors import first_line
from catalog.migrations_state import OLD, REMEDY, UNUSABLE, migrations_pending
from images import protections
from settings.sections import HttpConfig

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_REFERENCE = re.compile(r"rule:([^\s()]+)")


@register("settings")
def policy_rules(**_: Any) -> list[CheckMessage]:
    """`settings.W002`: a rule of the policy file that no code asks and no other rule speaks of."""
    enforcer, known = policy.enforcer(), policy.registered()
    spoken_of = {"default", *known}
    for check in enforcer.rules.values():
        spoken_of.update(_REFERENCE.findall(str(check)))
    with suppress(protections.ProtectionFileWrong):  # which images.E002 tells
        if (found := protections.rules()) is not None:
            spoken_of |= protections.rule_names(found)
    said: list[CheckMessage] = []
    for name in sorted(enforcer.file_rules.keys() - spoken_of):
        close = difflib.get_close_matches(name, known, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        sentence = f"the policy file's rule {name!r} has no effect: nothing asks it{meant}"
        said.append(CheckWarning(sentence, id="settings.W002"))
    return said


@register("settings")
def hosts(**_: Any) -> list[CheckMessage]:
    """`settings.W004`: a service that others reach answers whatever `Host` they write; told where it starts."""
    if sys.argv[1:2] not in (["serve"], ["check"]):
        return []
    http, kernel = section(HttpConfig), section(CatalogConfig)
    alone = kernel.profile != "production" and http.host in LOOPBACK
    if alone or "*" not in http.allowed_hosts:
        return []
    sentence = "every Host is answered (VITRINE_ALLOWED_HOSTS=*)"
    if not kernel.public_url:
        sentence += ", and VITRINE_PUBLIC_URL does not say where links lead to"
    hint = "Name the hosts that clients use, and 127.0.0.1: VITRINE_ALLOWED_HOSTS=vitrine.example,127.0.0.1"
    return [CheckWarning(sentence, hint=hint, id="settings.W004")]


@register(Tags.database)
def tables(databases: Iterable[str] | None = None, **_: Any) -> list[CheckMessage]:
    """The database can be used (E), and its tables are those of this version (W); run by `check --database default`."""
    # `migrate` asks for these checks too, and then makes the tables.
    if not databases or sys.argv[1:2] == ["migrate"]:
        return []
    try:
        old = migrations_pending()
    except DatabaseError as error:
        return [Error(f"{UNUSABLE}: {first_line(error)}", id="settings.E001")]
    if not old:
        return []
    return [CheckWarning(OLD, hint=f"{REMEDY}.", id="settings.W003")]
