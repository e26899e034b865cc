"""`manage.py install_topics`: add the topics of a pack, list the packs, take one out again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from papers import packs
from papers.matching import ranking
from papers.packs import Step


class Command(BaseCommand):
    """Says of each topic what happened to it."""

    help = (
        "Add the topics of one or more packs, and update those that nobody edited. Without a pack, "
        "list the packs. Safe to repeat; what an editor changed stays as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the packs and what to do with them."""
        parser.add_argument("packs", nargs="*", metavar="PACK", help="name of a pack; all for all")
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would be done, but change nothing"
        )
        parser.add_argument(
            "--remove",
            action="store_true",
            help="remove the packs' topics, except those that somebody edited or uses",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the names before anything is done."""
        known = packs.all_packs()
        if not options["packs"]:
            if options["remove"]:
                raise CommandError("Name the packs to remove.")
            self._list(known)
            return
        names = (
            list(known) if options["packs"] == ["all"] else list(dict.fromkeys(options["packs"]))
        )
        unknown = [name for name in names if name not in known]
        if unknown:
            raise CommandError(
                f"There is no pack “{unknown[0]}”. The packs are: {', '.join(known)}."
            )
        dry, taken_out = options["dry_run"], options["remove"]
        steps: list[Step] = []
        for name in names:
            act = packs.remove if taken_out else packs.install
            done = act(known[name], dry_run=dry)
            self.stdout.write(f"{known[name].name} ({name})")
            for step in done:
                if step.what != Step.SAME:
                    why = f": {step.why}" if step.why else ""
                    self.stdout.write(f"  {step.topic}: {step.what}{why}")
            counts = ", ".join(f"{n} {what}" for what, n in counted(done).items())
            self.stdout.write(f"  {counts or 'no topics'}")
            steps += done
        if dry:
            self.stdout.write("Nothing was changed.")
        elif not taken_out and (topics := packs.changed(steps)):
            ranked = ranking.match_topics(topics, timezone.now())
            self.stdout.write(f"{ranked.written} matches with the papers of the last 14 days.")

    def _list(self, known: dict[str, packs.Pack]) -> None:
        there = packs.installed(known.values())
        for pack in known.values():
            count = f"{there[pack.slug]:>3} of {len(pack.topics):>2} installed"
            self.stdout.write(f"{pack.slug:<20}{count}   {pack.name}")


def counted(steps: list[Step]) -> dict[str, int]:
    """How many topics had the same happen to them, in the order in which that first did."""
    counts: dict[str, int] = {}
    for step in steps:
        counts[step.what] = counts.get(step.what, 0) + 1
    return counts
