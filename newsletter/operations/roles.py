"""The roles that come with Broadsheet: what each may do, as groups of Django's permissions.

A role is a group of its name. Making the roles sets their permissions to what is written here and
touches no other group, so that a role of one's own is a group of another name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.db import transaction

EVERYTHING = "*"

_EDITED_PAPERS: Mapping[str, str] = {
    "papers.topic": "view add change delete",
    "papers.match": "view add change delete",
    "papers.acronym": "view add change delete",
    "papers.paper": "view",
    "subscriptions.interest": "view",
    "subscriptions.topicchange": "view add",
}

_ISSUES: Mapping[str, str] = {
    "newsletter.issue": "view change",
    "newsletter.issuedraft": "view add change delete",
    "newsletter.letter": "view add change delete approve_letter",
    "papers.pick": "view add change delete",
}

_SUBMISSIONS: Mapping[str, str] = {
    "subscriptions.submission": "view change delete",
    "papers.paper": "view add",
}

_SEEN: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "papers.topic",
            "papers.match",
            "papers.acronym",
            "papers.paper",
            "papers.pick",
            "papers.join",
            "papers.source",
            "papers.feature",
            "subscriptions.submission",
            "subscriptions.interest",
            "subscriptions.topicchange",
            "subscriptions.subscriber",
            "subscriptions.notice",
            "newsletter.issue",
            "newsletter.issuedraft",
            "newsletter.letter",
            "newsletter.delivery",
            "newsletter.trouble",
        ),
        "view",
    ),
    "newsletter.dailycount": "view_statistics",
}


@dataclass(frozen=True, slots=True)
class Role:
    """One role: its group's name, what it is for, and its permissions by model."""

    name: str
    about: str
    permissions: Mapping[str, str]

    def codenames(self) -> set[str]:
        """The permissions as `app.codename`."""
        found = set()
        for label, verbs in self.permissions.items():
            app, _, model = label.partition(".")
            for verb in verbs.split():
                found.add(f"{app}.{verb}" if "_" in verb else f"{app}.{verb}_{model}")
        return found


ROLES = (
    Role(
        "owner",
        "Everything, the accounts and readers' addresses included.",
        {EVERYTHING: EVERYTHING},
    ),
    Role(
        "editor",
        "Issues, picks, topics, papers, sources and submissions. Addresses are masked.",
        {
            **_SEEN,
            **_EDITED_PAPERS,
            **_ISSUES,
            **_SUBMISSIONS,
            "papers.paper": "view add change",
            "papers.join": "view change",
            "papers.source": "view add change",
            "papers.auditentry": "view",
            "papers.bulkaction": "view",
        },
    ),
    Role("topic editor", "Topics, their keywords and their matches.", _EDITED_PAPERS),
    Role("moderator", "What readers submit.", _SUBMISSIONS),
    Role(
        "support",
        "Helps readers: finds one by a whole address, sends links again, unsubscribes, erases.",
        {
            "subscriptions.subscriber": "view change delete find_addresses",
            "subscriptions.suppression": "view add",
            "subscriptions.notice": "view change",
            "newsletter.delivery": "view",
            "newsletter.event": "view",
            "newsletter.issue": "view",
        },
    ),
    Role("viewer", "Looks on and changes nothing. Addresses are masked.", _SEEN),
)

BY_NAME = {role.name: role for role in ROLES}

_APPS = ("papers", "subscriptions", "newsletter", "auth")


@dataclass(frozen=True, slots=True)
class Made:
    """What making one role changed."""

    role: Role
    is_new: bool
    added: list[str]
    removed: list[str]


def every_permission() -> list[Permission]:
    """All that there are for our tables and for accounts."""
    rows = Permission.objects.select_related("content_type")
    return list(rows.filter(content_type__app_label__in=_APPS))


def permissions_of(role: Role, rows: Sequence[Permission]) -> list[Permission]:
    """Those of `rows`, which are all there are, that a role has. Raises `LookupError` where one
    does not exist.
    """
    if EVERYTHING in role.permissions:
        return list(rows)
    wanted = role.codenames()
    known = {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
    if missing := sorted(wanted - set(known)):
        raise LookupError(f"The role {role.name} names what is no permission: {missing}.")
    return [known[name] for name in sorted(wanted)]


@transaction.atomic
def make_roles(*, dry_run: bool = False) -> list[Made]:
    """Make each role's group, or set its permissions right; say what was changed, or would be."""
    done = []
    every = every_permission()
    named = Group.objects.filter(name__in=BY_NAME).prefetch_related("permissions")
    groups = {group.name: group for group in named}
    for role in ROLES:
        wanted = {one.pk: one for one in permissions_of(role, every)}
        group = groups.get(role.name)
        known = {one.pk: one for one in group.permissions.all()} if group else {}
        done.append(
            Made(
                role,
                group is None,
                sorted(wanted[pk].codename for pk in set(wanted) - set(known)),
                sorted(known[pk].codename for pk in set(known) - set(wanted)),
            )
        )
        if not dry_run:
            group = group or Group.objects.create(name=role.name)
            group.permissions.set(wanted)
    return done
