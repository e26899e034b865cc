"""Make the roles that come with Broadsheet, or set their permissions right."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser

from newsletter.operations.roles import BY_NAME, make_roles


class Command(BaseCommand):
    """Groups of other names are left alone. `--give` puts an account in a role."""

    help = "Make the roles owner, editor, topic editor, moderator, support and viewer."

    def add_arguments(self, parser: CommandParser) -> None:
        """What may be asked for."""
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument(
            "--give", nargs=2, metavar=("ROLE", "USER"), help="put this account in this role, too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them, and say what changed."""
        give = options["give"]
        if give and give[0] not in BY_NAME:
            raise CommandError(f"There is no role {give[0]}. Roles: {', '.join(BY_NAME)}.")
        user = get_user_model().objects.filter(username=give[1]).first() if give else None
        if give and user is None:
            raise CommandError(f"There is no account {give[1]}.")
        for made in make_roles(dry_run=options["dry_run"]):
            what = "new" if made.is_new else "as it was"
            if not made.is_new and (made.added or made.removed):
                what = f"{len(made.added)} permissions added, {len(made.removed)} removed"
            self.stdout.write(f"{made.role.name}: {what}")
        if user is not None and not options["dry_run"]:
            user.groups.add(Group.objects.get(name=give[0]))
            user.is_staff = True
            user.save(update_fields=["is_staff"])
            self.stdout.write(f"{user} is {give[0]} now.")
