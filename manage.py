#!/usr/bin/env python
"""Django's command line, with wrong settings told in a line instead of a traceback."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.base")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - settings first

    from catalog.conf import ConfigurationError  # noqa: PLC0415 - settings first

    try:
        execute_from_command_line(sys.argv)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"vitrine: {problem}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
