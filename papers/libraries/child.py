"""The child process that reads one file: bytes in, JSON out. `python -m papers.libraries.child`."""

import json
import os
import sys

import django


def main() -> None:
    """Read standard input as a library; what was found, or why not, to standard output."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print or log is no part of the answer
    django.setup()
    from papers.libraries.formats import UnknownFormat, read

    try:
        said = read(sys.stdin.buffer.read()).as_json()
    except UnknownFormat as error:
        said = {"code": error.code}
    except (MemoryError, RecursionError):
        said = {"code": "heavy"}
    with answer:
        json.dump(said, answer)


if __name__ == "__main__":
    main()
