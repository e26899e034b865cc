#!/usr/bin/env python3
"""Django's command line for Broadsheet."""

import os
import sys


def main() -> None:
    """Run a management command; configuration errors become a sentence, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here. Run `make install` first, or activate .venv.")
    from django.core.exceptions import ImproperlyConfigured

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
