"""`manage.py explain_bounce`: say of any email what it is taken for, and why."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from newsletter.events.bounces import inbox, parsing
from newsletter.events.bounces.parsing import ParsedMail

STDIN = "-"


class Command(BaseCommand):
    """Judges emails, ours or not. Stores nothing, and asks no database."""

    help = "Explain how returned emails are classified: kind, severity, code and rule."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Which emails, and in what form."""
        parser.add_argument(
            "files",
            nargs="+",
            metavar="FILE",
            help="the email as it was received, or - for standard input",
        )
        parser.add_argument(
            "--json", action="store_true", help="print a JSON list with one object per file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Judge every file that can be read; the exit status tells whether all could."""
        explained, unreadable = [], 0
        for name in options["files"]:
            try:
                data = _read(name)
            except OSError as error:
                self.stderr.write(f"Can't read {name}: {error.strerror}.")
                unreadable += 1
                continue
            explained.append(_explained(name, parsing.read(data)))
        if options["json"]:
            self.stdout.write(json.dumps(explained, indent=2, ensure_ascii=False))
        else:
            for one in explained:
                self.stdout.write(_in_words(one))
        if unreadable:
            raise CommandError(f"{unreadable} of {len(options['files'])} files couldn't be read.")


def _read(name: str) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read(inbox.READ_AT_MOST)
    return inbox.read_file(Path(name))


def _explained(name: str, found: ParsedMail) -> dict[str, Any]:
    judgment = found.judgment
    return {
        "file": name,
        "kind": judgment.kind.value,
        "severity": judgment.severity,
        "recipients": [
            {
                "address": one.address,
                "severity": one.verdict.bounce.value if one.is_failure else "",
            }
            for one in judgment.recipients
        ],
        "delivery": found.delivery_id,
        "code": judgment.code,
        "words": judgment.words,
        "rule": judgment.rule,
    }


def _in_words(one: dict[str, Any]) -> str:
    kind = f"{one['kind']}, {one['severity']}" if one["severity"] else one["kind"]
    proven = one["delivery"]
    lines = [
        f"{one['file']}: {kind}",
        f"  because: {one['rule']}",
        *(f"  recipient: {who['address']} {who['severity']}" for who in one["recipients"]),
        f"  code: {one['code']}" if one["code"] else "",
        f"  words: {one['words']}" if one["words"] else "",
        f"  delivery: {proven}" if proven else "  delivery: can't be matched to one of ours",
    ]
    return "\n".join(line.rstrip() for line in lines if line)
