"""Notes to the operators: which are due, and what they say.

A note is a notice without a reader. Its row names the issue that it is about and which of the
ADMINS it goes to; the text is made of the issue when it is sent.
"""

import datetime as dt

from django.conf import settings

from newsletter.models import Issue
from subscriptions.models import Notice
from subscriptions.notices.letters import Letter, NotDue
from subscriptions.notices.list_headers import AUTOMATIC, feedback_id


def ask_for(issue: Issue, now: dt.datetime) -> None:
    """Tell each operator about the issue's warning, once. One statement."""
    Notice.objects.bulk_create(
        [
            Notice(
                kind=Notice.Kind.OPERATOR,
                day=issue.day,
                operator=number,
                due_at=now,
                not_before=now,
                deadline=now + Notice.WITHIN,
            )
            for number in range(len(settings.ADMINS))
        ],
        ignore_conflicts=True,
    )


def letter_for(notice: Notice) -> Letter:
    """What the note says, as of now. Raises `NotDue`."""
    operators = [address for _, address in settings.ADMINS]
    if notice.operator is None or notice.operator >= len(operators) or notice.day is None:
        raise NotDue("this operator no longer exists")
    issue = Issue.objects.filter(day=notice.day).first()
    if issue is None or not issue.warning:
        raise NotDue("the issue is gone or no longer has a problem")
    is_paused = issue.state == Issue.State.PAUSED
    what = "It is paused" if is_paused else "It is no longer being sent"
    return Letter(
        kind=Notice.Kind.OPERATOR.value,
        subject=(
            f"{settings.EMAIL_SUBJECT_PREFIX}The digest of {issue} "
            "bounced or was reported too often"
        ),
        text=f"{issue.warning}.\n\n{what}. Please investigate before you resume: who are these "
        "readers, where did their addresses come from, and what did the mail providers "
        "say? The admin shows the events of each delivery. To resume sending:\n\n    "
        f"manage.py control_issue resume --day {issue.day.isoformat()}\n",
        html="",
        recipient=operators[notice.operator],
        headers=dict([AUTOMATIC, ("Feedback-ID", feedback_id("service", "operator", "mail"))]),
    )
