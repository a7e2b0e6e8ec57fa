"""What `manage.py check` says about the configuration beyond what a start refuses."""

import os
from typing import Any

from django.core.checks import CheckMessage, Warning, register  # noqa: A004 - Django's own word

from settings.configuration import unknown_variables


@register("settings")
def variables(**_: Any) -> list[CheckMessage]:
    """`settings.W001`: a variable that nothing reads."""
    return [Warning(sentence, id="settings.W001") for sentence in unknown_variables(os.environ)]
