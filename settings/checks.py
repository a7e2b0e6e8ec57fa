"""What `manage.py check` says about the configuration beyond what a start refuses."""

import difflib
import os
import re
from contextlib import suppress
from typing import Any

from django.core.checks import CheckMessage, Warning, register  # noqa: A004 - Django's own word

from catalog import policy
from images import protections
from settings.configuration import unknown_variables

_REFERENCE = re.compile(r"rule:([^\s()]+)")


@register("settings")
def variables(**_: Any) -> list[CheckMessage]:
    """`settings.W001`: a variable that nothing reads."""
    return [Warning(sentence, id="settings.W001") for sentence in unknown_variables(os.environ)]


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
        said.append(Warning(sentence, id="settings.W002"))
    return said
