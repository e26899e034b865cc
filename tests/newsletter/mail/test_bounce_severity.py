"""One table of codes and words, wherever a server's words come from."""

import re

import pytest
from anymail.signals import AnymailTrackingEvent
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.events.bounces.judgment import judge_mail
from newsletter.events.bounces.mime import Mail
from newsletter.mail.bounce_rules import RULES, Blame, Bounce
from newsletter.mail.bounce_severity import judge, names_a_limit, severity, status_in
from newsletter.mail.outcomes import Kind, Stage, sort_reply
from newsletter.mail.providers.events import read

HARD, SOFT, BLOCKED = "hard", "soft", "blocked"

# What servers write, and what it means whatever code stands beside it.
WORDS = [
    # There is no such address.
    (
        "<alice@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
        HARD,
    ),
    ("No such user here", HARD),
    ("sorry, no mailbox here by that name", HARD),
    ("The email account that you tried to reach does not exist. Please try", HARD),
    ("delivery error: dd This user doesn't have a example.com account (alice@example.com)", HARD),
    ("alice@example.org does not have an account here", HARD),
    ("unknown or illegal alias: alice@example.org", HARD),
    ("Unrouteable address", HARD),
    ("RESOLVER.ADR.RecipNotFound; not found", HARD),
    ("User alice (alice@example.org) not listed in public Name & Address Book", HARD),
    ("Mailbox 'alice' does not exist", HARD),
    ("Address not found", HARD),
    ("Utilisateur inconnu", HARD),
    ("Dieses Postfach existiert nicht", HARD),
    ("not our customer", HARD),
    ("Host or domain name not found. Name service error for name=example.org type=A", HARD),
    ("Host unknown (Name server: example.org: host not found)", HARD),
    ("Sorry, I couldn't find a mail exchanger or IP address", HARD),
    ("Domain example.org does not accept mail (nullMX)", HARD),
    # The mailbox is there.
    ("Mailbox full", SOFT),
    ("<alice@example.org> over quota", SOFT),
    ("The email account that you tried to reach is over quota and inactive", SOFT),
    ("User mailbox exceeds allowed size: alice@example.org", SOFT),
    ("Requested mail action aborted: exceeded storage allocation", SOFT),
    ("The user you are trying to contact is receiving mail too quickly", SOFT),
    ("User alice@example.org temporary locked. Please try again later!", SOFT),
    ("<alice@example.org>: inactive user", SOFT),
    ("Account suspended", SOFT),
    ("This mailbox has been blocked due to inactivity", SOFT),
    # Its server, or the way to it.
    ("Connection timed out", SOFT),
    ("Name service error for name=example.org type=MX: Malformed or unexpected name server", SOFT),
    ("Host example.org not found, try again", SOFT),
    ("Hop count exceeded - possible mail loop", SOFT),
    ("Couldn't create /var/spool/mail/alice: no such user", SOFT),
    ("Insufficient disk space", SOFT),
    # The sender: its host, its name, its account.
    ("Client host [192.0.2.1] blocked using zen.spamhaus.org", BLOCKED),
    ("IP address blacklisted by recipient", BLOCKED),
    ("Mailbox unavailable. Your IP address 192.0.2.1 is blacklisted", BLOCKED),
    ("Sender address rejected: Domain not found", BLOCKED),
    ("Domain of sender address digest@papers.example.org does not exist", BLOCKED),
    ("sender verify failed: unknown user", BLOCKED),
    ("192.0.2.1 is not allowed to send from <example.net> per its SPF Record", BLOCKED),
    ("Access denied, sending domain example.net does not pass DMARC verification", BLOCKED),
    ("forbidden by invalid RDNS record of your mail server", BLOCKED),
    ("<alice@example.org>: Relay access denied", BLOCKED),
    # Its limits.
    ("Daily user sending limit exceeded", BLOCKED),
    ("Too many recipients", BLOCKED),
    ("Maximum sending rate exceeded", BLOCKED),
    ("Your account has exceeded its hourly quota", BLOCKED),
    # The message.
    ("Message content rejected, UBE, id=1", BLOCKED),
    ("This message looks like spam", BLOCKED),
    ("Virus detected", BLOCKED),
    ("Mail from digest@papers.example.org rejected for policy reasons", BLOCKED),
    ("RESOLVER.RST.AuthRequired; authentication required", BLOCKED),
]

# Beside any of these, the words decide.
CODES = ["", "5.0.0", "5.1.0", "5.1.1", "5.2.0", "5.2.1", "5.3.0", "5.5.0", "5.7.1"]


def dsn(status, diagnostic):
    return f"""From: MAILER-DAEMON@mx.example.net
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

This is the mail system at host mx.example.net.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; alice@example.org
Action: failed
Status: {status or "5.0.0"}
Diagnostic-Code: smtp; {diagnostic}

--b--
""".encode()


def letter(said):
    return f"""From: MAILER-DAEMON@mx.example.net
Subject: failure notice

Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<alice@example.org>:
Remote host said: {said}

--- Below this line is a copy of the message.

Return-Path: <digest@papers.example.org>
""".encode()


@pytest.mark.parametrize(("words", "expected"), WORDS)
class TestWordsWinOverCodes:
    def test_in_a_notification_as_a_field(self, words, expected):
        for code in CODES:
            found = judge_mail(Mail(dsn(code, f"550 {words}")))
            assert (found.kind, found.severity) == ("bounce", expected), (code, found.rule)

    def test_in_a_notification_beside_the_code(self, words, expected):
        for code in CODES:
            found = judge_mail(Mail(dsn("5.1.1", f"550 {code} {words}")))
            assert found.severity == expected, (code, found.rule)

    def test_in_a_letter(self, words, expected):
        for code in CODES:
            found = judge_mail(Mail(letter(f"550 {code} {words}")))
            assert (found.kind, found.severity) == ("bounce", expected), (code, found.rule)

    def test_in_the_smtp_dialogue(self, words, expected):
        for code in CODES:
            outcome = sort_reply(550, f"{code} {words}", Stage.RCPT)
            assert outcome.suppress == (expected == HARD), code
            # What blames our server or our account is mended there, and costs no reader anything.
            assert outcome.bounce == expected or (
                expected == BLOCKED and outcome.kind in (Kind.BROKEN, Kind.DEFERRED)
            ), code

    @pytest.mark.parametrize(
        ("provider", "raw"),
        [
            ("mailgun", {"event-data": {"reason": "bounce"}}),
            ("sendgrid", {"event": "bounce", "type": "bounce"}),
            ("postmark", {"RecordType": "Bounce", "Type": "HardBounce"}),
            ("amazon_ses", {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}),
            ("scaleway", {}),
        ],
    )
    def test_in_a_providers_event(self, words, expected, provider, raw):
        for code in CODES:
            event = AnymailTrackingEvent(
                event_type="bounced", esp_event=raw, mta_response=f"550 {code} {words}"
            )
            assert read(event, provider).severity == expected, code


class TestClosedMailboxes:
    SAID = "This account has been disabled or discontinued"

    @pytest.mark.parametrize("code", ["", "5.0.0", "5.1.1", "5.2.1"])
    def test_are_dead_where_the_code_agrees(self, code):
        assert severity(code, f"554 {code} {self.SAID}") == HARD

    @pytest.mark.parametrize("code", ["5.3.0", "5.7.1", "4.2.1"])
    def test_may_open_again_where_it_does_not(self, code):
        assert severity(code, f"554 {code} {self.SAID}") != HARD


class TestCodes:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("5.1.1", HARD),
            ("5.1.2", HARD),
            ("5.1.3", HARD),
            ("5.1.6", HARD),
            ("5.1.10", HARD),
            ("5.1.7", BLOCKED),
            ("5.1.8", BLOCKED),
            ("5.5.2", BLOCKED),
            ("5.6.0", BLOCKED),
            ("5.7.1", BLOCKED),
            ("5.7.26", BLOCKED),
            # These alone say nothing for good.
            *[(f"5.1.{detail}", SOFT) for detail in (0, 4, 5, 9)],
            *[(f"5.2.{detail}", SOFT) for detail in range(5)],
            *[(f"5.3.{detail}", SOFT) for detail in range(6)],
            *[(f"5.4.{detail}", SOFT) for detail in range(9)],
            ("5.0.0", SOFT),
            ("5.5.0", SOFT),
            ("4.1.1", SOFT),
            ("2.0.0", SOFT),
            ("", SOFT),
            ("nonsense", SOFT),
        ],
    )
    def test_decide_where_there_are_no_words(self, status, expected):
        assert severity(status) == expected
        assert severity("", f"550 {status}") == expected

    @pytest.mark.parametrize("text", ["450 4.1.1 User unknown", "452 4.2.1 no such user", "450 x"])
    @pytest.mark.parametrize("status", ["", "4.4.7", "5.1.1"])
    def test_a_temporary_answer_makes_nobody_dead(self, text, status):
        assert severity(status, text) == SOFT

    @pytest.mark.parametrize(
        "status", ["5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.3.4", "5.4.6", "5.7.8", "5.7.26"]
    )
    def test_of_something_else_make_nobody_dead_whatever_the_words(self, status):
        assert severity(status, "550 user unknown") != HARD
        assert severity("5.1.1", f"550 {status} user unknown") != HARD

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            (
                "550-5.1.1 The email account that you tried to reach does not 550 5.1.1 exist",
                "5.1.1",
            ),
            ("554 5.0.0 rejected: 550 5.7.1 spam", "5.7.1"),
            ("host 5.1.1.4 said", ""),
            ("sendmail 8.5.1.1", ""),
        ],
    )
    def test_the_telling_one_is_told(self, text, code):
        assert status_in(judge(text).code) == code

    def test_a_gateways_word_for_a_missing_address_needs_its_code(self):
        assert severity("", "550 #5.1.0 Address rejected.") == HARD
        assert severity("", "550 5.7.1 Address rejected.") == BLOCKED
        assert severity("", "550 5.1.0 Sender address rejected") == BLOCKED

    def test_outlooks_word_for_a_missing_address_needs_its_code(self):
        said = "Recipient address rejected: Access denied"
        assert severity("5.4.1", f"550 5.4.1 {said}") == HARD
        assert severity("5.7.1", f"554 5.7.1 <alice@example.org>: {said}") == BLOCKED


class TestAfterTheMessageWasRead:
    """Mobile carriers say "unknown user" of readers whose own filter refused a mail."""

    @pytest.mark.parametrize("said", ["550 Unknown user alice@example.org", "550 : User unknown"])
    def test_unknown_user_is_not_believed(self, said):
        assert judge(said).bounce == HARD
        assert judge(said, after_data=True).bounce == SOFT
        assert judge(f"{said} (in reply to end of DATA command)").bounce == SOFT
        assert sort_reply(550, said.removeprefix("550 "), Stage.AFTER_BODY).bounce == SOFT

    @pytest.mark.parametrize(
        "said", ["550 5.1.1 User unknown", "554 This user doesn't have a example.com account"]
    )
    def test_but_what_says_more_is(self, said):
        assert judge(said, after_data=True).bounce == HARD


class TestWordsThatOnlyLookLikeSome:
    @pytest.mark.parametrize(
        "said",
        [
            "550 5.1.1 <full@example.org>: User unknown",
            "550 5.1.1 <alice@spam.example.org> User unknown",
            "550 user unknown, see https://example.org/reason/blacklisted/quota",
            "550 spam.example.org: no such user",
        ],
    )
    def test_addresses_hosts_and_links_say_nothing(self, said):
        assert severity("", said) == HARD

    def test_a_block_lists_name_does(self):
        assert severity("", "550 https://www.spamhaus.org/query/ip/192.0.2.1") == BLOCKED

    def test_each_rule_has_a_name_to_be_told_by(self):
        assert all(re.fullmatch(r"[a-z][a-z ',]+", rule.name) for rule in RULES)


class TestLimits:
    @pytest.mark.parametrize(
        "text", ["daily limit reached", "Too many emails per second", "Throttling failure"]
    )
    def test_of_the_sender_are_known(self, text):
        assert names_a_limit(text)

    @pytest.mark.parametrize("text", ["", "Mailbox full", "5.2.2 over quota", "user unknown"])
    def test_nothing_else_is_one(self, text):
        assert not names_a_limit(text)

    @given(st.sampled_from(["5.1.1", "5.2.1", "5.7.1", ""]), st.integers(500, 559))
    def test_are_never_the_readers_fault(self, status, code):
        verdict = judge(f"{code} {status} Daily sending quota exceeded")
        assert (verdict.bounce, verdict.blame) == (Bounce.BLOCKED, Blame.LIMIT)


@given(st.text(max_size=400), st.text(max_size=12), st.integers(0, 999))
@hypothesis_settings(max_examples=150, deadline=None)
def test_no_words_raise(text, status, reply):
    verdict = judge(text, status, reply)
    assert verdict.bounce in Bounce
    assert verdict.rule


@pytest.mark.parametrize(
    "seed", ["x.", "a@", "a@b ", "user ", "not ", "<", "the ", ">>> mail from "]
)
def test_long_and_odd_words_are_judged_at_once(seed):
    text = seed * 10_000
    assert judge(text).bounce in Bounce
