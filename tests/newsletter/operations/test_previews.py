"""Previews: the email that would be sent, in files."""

import datetime as dt
import re
from email import message_from_bytes, policy

import pytest
from django.core.management import CommandError, call_command

from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery
from newsletter.operations.previews import NAMES, NoPreview, preview
from papers.matching.interests.specs import spec_of
from subscriptions.interests import following, matching
from subscriptions.models import Subscriber
from tests.factories import DAY, NOW, make_match, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    topic = make_topic()
    for number in (1, 2, 3):
        make_match(make_paper(f"A paper about <{number}>"), topic)
    build_issue(DAY, NOW)
    alice = make_subscriber(topics=[topic])
    words = spec_of("words", phrases=["about 1"])
    following.follow(alice, words, NOW, rhythm="daily")
    matching.work(NOW)
    return alice


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_for_alice", [True, False])
def test_every_mail_can_be_previewed(alice, name, is_for_alice):
    shown = preview(name, NOW, subscriber_id=alice.pk if is_for_alice else None)
    assert shown.subject
    assert "<html" in shown.html
    message = message_from_bytes(shown.message, policy=policy.default)
    assert message["To"] == ("alice@example.org" if is_for_alice else "reader@example.org")
    assert message["Subject"] == shown.subject
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().split() == shown.text.split()
    assert not Delivery.objects.exists()


def signed_links(text: str) -> set[str]:
    """The paths in an email that hold a token."""
    return set(re.findall(r"https://papers\.example\.org(/[^\s\"'<>]*[\w-]{48}[^\s\"'<>]*)", text))


@pytest.mark.parametrize("name", NAMES)
def test_the_links_of_a_preview_do_nothing(alice, name, client, settings):
    settings.TRACK_OPENS = settings.TRACK_CLICKS = True
    before = list(Subscriber.objects.values())
    shown = preview(name, NOW, subscriber_id=alice.pk)
    message = message_from_bytes(shown.message, policy=policy.default)
    headers = "\n".join(f"{name}: {value}" for name, value in message.items())
    found = signed_links(f"{shown.html}\n{shown.text}\n{headers}")
    assert found
    for path in found:
        for answer in (
            client.get(path, secure=True),
            client.post(path, {"List-Unsubscribe": "One-Click"}, secure=True),
            client.post(path, headers={"origin": "https://testserver"}, secure=True),
        ):
            if path.startswith("/digest/") and answer.status_code == 302:
                assert answer["Location"] == "/sample/"  # which all may see
            else:
                assert answer.status_code in (403, 404, 405, 410), path
            assert alice.email not in answer.content.decode()
    assert list(Subscriber.objects.values()) == before


def test_preview_is_the_readers_own(alice):
    shown = preview("digest", NOW, subscriber_id=alice.pk, day=DAY)
    assert "Matches Efficient inference" in shown.html
    assert "A paper about <3>" in shown.text
    Subscriber.objects.update(text_only=True)
    assert preview("digest", NOW, subscriber_id=alice.pk).html == ""


def test_the_daily_email_of_interests_is_shown(alice):
    shown = preview("interests", NOW, subscriber_id=alice.pk)
    assert shown.subject.startswith("What you follow: ")
    assert "Your words: about 1" in shown.text
    assert "You follow " in preview("interests", NOW).text
    following.end_daily(alice, NOW)
    with pytest.raises(NoPreview, match="follows every day"):
        preview("interests", NOW, subscriber_id=alice.pk)


def test_what_cannot_be_previewed_says_why(alice):
    with pytest.raises(NoPreview, match="no subscriber 99999"):
        preview("digest", NOW, subscriber_id=99999)
    with pytest.raises(NoPreview, match="no subscriber 99999"):
        preview("goodbye", NOW, subscriber_id=99999)
    with pytest.raises(NoPreview, match="no issue of 2020-01-01"):
        preview("digest", NOW, day=dt.date(2020, 1, 1))
    bored = make_subscriber("bob@example.org", topics=[make_topic("Nothing of note")])
    with pytest.raises(NoPreview, match="nothing new"):
        preview("digest", NOW, subscriber_id=bored.pk)
    alice.leave(NOW)
    with pytest.raises(NoPreview, match="left"):
        preview("digest", NOW, subscriber_id=alice.pk)


def test_command_writes_three_files(alice, tmp_path, capsys):
    call_command("preview_email", "digest", subscriber=alice.pk, out=tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "digest.html",
        "digest.txt",
        "digest.eml",
    }
    assert "and 2 more papers" in capsys.readouterr().out
    Subscriber.objects.update(text_only=True)
    call_command("preview_email", "digest", subscriber=alice.pk, out=tmp_path / "new")
    assert not (tmp_path / "new" / "digest.html").exists()


def test_command_says_what_is_wrong(tmp_path):
    with pytest.raises(CommandError, match="Make one first"):
        call_command("preview_email", "digest", out=tmp_path)
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("preview_email", "poem", out=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="Can't write to"):
        call_command("preview_email", "goodbye", out=tmp_path / "file")
