"""Pausing, resuming and stopping an issue by command."""

import pytest
from django.core.management import CommandError, call_command

from newsletter.models import Issue
from tests.factories import DAY, make_delivery, make_issue, make_subscriber

pytestmark = pytest.mark.django_db


def test_newest_issue_is_paused_and_resumed(capsys):
    issue = make_issue()
    make_delivery(issue, make_subscriber())
    call_command("control_issue", "pause", reason="wrong papers")
    issue.refresh_from_db()
    assert (issue.state, issue.state_reason) == (Issue.State.PAUSED, "wrong papers")
    assert "1 digests are waiting" in capsys.readouterr().out
    call_command("control_issue", "resume", day=DAY)
    issue.refresh_from_db()
    assert issue.state == Issue.State.RUNNING


def test_stopping_for_good_wants_a_yes():
    issue = make_issue()
    with pytest.raises(CommandError, match="--yes"):
        call_command("control_issue", "stop")
    issue.refresh_from_db()
    assert issue.state == Issue.State.RUNNING
    call_command("control_issue", "stop", yes=True)
    issue.refresh_from_db()
    assert issue.state == Issue.State.STOPPED
    with pytest.raises(CommandError, match="nothing has changed"):
        call_command("control_issue", "resume")


def test_day_without_an_issue_is_said():
    with pytest.raises(CommandError, match="no issue"):
        call_command("control_issue", "pause")
