"""Count for the statistics by hand what beat has counted hourly."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from newsletter.statistics import rollups


class Command(BaseCommand):
    """Counts every day that is over and was not counted, and the late news of the days before."""

    help = "Count what happened on past days for the statistics; beat does this every hour."

    def handle(self, *args: Any, **options: Any) -> None:
        """Count, and say what."""
        self.stdout.write(f"{rollups.roll_up(timezone.now())}.")
