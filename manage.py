#!/usr/bin/env python
"""Django's command line, with what operators can mend told in a line instead of a traceback."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.base")
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - settings first
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - the same
    from django.db import Error  # noqa: PLC0415 - the same

    from catalog.conf import ConfigurationError  # noqa: PLC0415 - the same

    try:
        execute_from_command_line(sys.argv)
    except ConfigurationError as error:
        stop(*error.problems)
    except ImproperlyConfigured as error:
        stop(str(error))
    except Error as error:
        from catalog import migrations_state  # noqa: PLC0415 - the same

        explained = migrations_state.explained(error)
        if explained is None or "--traceback" in sys.argv:
            raise
        stop(explained)


def stop(*problems: str) -> None:
    for problem in problems:
        print(f"vitrine: {problem}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
