"""The rules that all mails of the suite are held to can fail, and are quick."""

from dataclasses import replace

import pytest

from newsletter.mail.encoding import Fragment
from tests import mail_rules
from tests.newsletter.digest_readers import choices_of, make_place, make_press, make_reader
from tests.newsletter.mail.test_message import make_mail


def digest():
    press = make_press([make_place()])
    return press.render(make_reader(), choices_of(press), 7)


def broken(mail, **changes):
    """What the rules say of a digest after a change."""
    return mail_rules.of_digest(replace(mail, **changes))


def test_a_digest_keeps_them():
    mail = digest()
    assert mail_rules.of_digest(mail) == []
    assert mail_rules.structure(mail.as_bytes()) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"To: ", b"To: a@example.org\r\nTo: ", "to is there twice"),
        (b"Date: ", b"X-Date: ", "date is not there once"),
        (b"Subject: ", b"Subject: \xc3\xbc", "not ASCII"),
        (b"Subject: ", b"Subject: a\rb", "control character"),
        (b"Subject: ", b"Bcc: eve@example.org\r\nSubject: ", "must not leave"),
        (b"Subject: ", b"nonsense\r\nSubject: ", "no header"),
        (b", <mailto", b",\r\n <mailto", "folded"),
        (b"Subject: ", b"Subject: " + b"x" * 1000, "998"),
        (b"text/plain", b"text/html", "text does not come before"),
    ],
)
def test_a_broken_structure_is_found(old, new, said):
    raw = make_mail().as_bytes()
    assert old in raw
    assert said in "; ".join(mail_rules.structure(raw.replace(old, new, 1)))


def test_what_a_digest_does_not_say_is_found():
    mail = digest()
    assert "not shown in both" in "; ".join(broken(mail, text=(Fragment.of("Hello"),)))
    assert "postal address" in "; ".join(broken(mail, html=(Fragment.of("<html lang='en'>"),)))
    assert "language" in "; ".join(broken(mail, html=(Fragment.of("<html>"),)))
    assert "leads nowhere" in "; ".join(broken(mail, html=(Fragment.of('<a href="/x">'),)))
    assert "alt" in "; ".join(broken(mail, html=(Fragment.of("<img src='x'>"),)))
    assert "refuse" in "; ".join(broken(mail, html=(Fragment.of("<script>"),)))
    assert "list-id is missing" in broken(mail, headers=mail.headers[:1])
    assert "sender's domain" in "; ".join(broken(mail, message_id="<a@elsewhere.example>"))


def test_a_bad_mail_is_remembered_until_the_test_ends():
    mail_rules._look(mail_rules.structure, b"Subject: twice\r\nSubject: twice\r\n\r\n")
    assert mail_rules._broken
    mail_rules._broken.clear()  # or this test would fail, too
