"""What mails that arrive are taken for, whoever's they are.

The mails here are made up, in the forms of the servers that are named.
"""

import json

import pytest

from newsletter.events.bounces.judgment import judge_mail
from newsletter.events.bounces.mime import Mail

ALICE, BOB, CHARLIE = "alice@example.org", "bob@example.net", "charlie@example.com"
COPY = """Return-Path: <digest@papers.example.org>
Received: from mail.papers.example.org by mx.example.net; Thu, 11 Jun 2026 10:00:00 +0000
From: Broadsheet <digest@papers.example.org>
To: alice@example.org
Subject: Attention is all you need, 550 5.1.1 user unknown
"""


def judged(text):
    return judge_mail(Mail(text.strip("\n").encode()))


def severities(found):
    return {one.address: one.verdict.bounce.value for one in found.recipients}


LETTERS = {
    "qmail": f"""
From: MAILER-DAEMON@mx.example.net
Subject: failure notice

Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{ALICE}>:
192.0.2.1 does not like recipient.
Remote host said: 550 sorry, no mailbox here by that name.
Giving up on 192.0.2.1.

<{BOB}>:
192.0.2.2 does not like recipient.
Remote host said: 552 5.2.2 mailbox is full

--- Below this line is a copy of the message.

{COPY}""",
    "Exim": f"""
Return-Path: <>
X-Failed-Recipients: {ALICE}, {BOB}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.net>
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {ALICE}
    Unrouteable address
  {BOB}
    SMTP error from remote mail server after RCPT TO:<{BOB}>:
    host mx.example.net [192.0.2.2]: 552 5.2.2 <{BOB}> over quota

------ This is a copy of the message, including all the headers. ------

{COPY}""",
    "GMX": f"""
Return-Path:
From: MAILER-DAEMON@mail.example.net
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. This is a permanent error. The following address
failed:

"{ALICE}":
SMTP error from remote server after RCPT command:
host: mx.example.org
5.2.1 <{ALICE}>... User Unknown
"{BOB}":
SMTP error from remote server after RCPT command:
host: mx.example.net
5.2.2 <{BOB}>... Mailbox Full

--- The header of the original message is following. ---

{COPY}""",
    "Zoho": f"""
From: mailer-daemon@mail.example.com
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

This message was created automatically by mail delivery software.
A message that you sent could not be delivered to one or more of its recipients.

{ALICE} Invalid Address, ERROR_CODE :550, ERROR_CODE :5.2.1 <{ALICE}>... User Unknown
{BOB} Invalid Address, ERROR_CODE :550, ERROR_CODE :5.2.2 <{BOB}>... Mailbox Full


{COPY}
--b--
""",
}


class TestLettersOfSeveralRecipients:
    @pytest.mark.parametrize("server", LETTERS)
    def test_judge_each_by_what_was_said_of_it(self, server):
        found = judged(LETTERS[server])
        assert found.kind == "bounce"
        assert severities(found) == {ALICE: "hard", BOB: "soft"}
        assert found.severity == "soft"  # one address of several that lives


class TestLetters:
    @pytest.mark.parametrize(
        ("mail", "severity", "address"),
        [
            (  # DragonFly
                f"""
From: MAILER-DAEMON <>
Subject: Mail delivery failed

This is the DragonFly Mail Agent v0.13 at mx.example.net.

There was an error delivering your mail to <{ALICE}>.

mx.example.org [192.0.2.25] did not like our RCPT TO:
550 5.1.1 <{ALICE}>: Recipient address rejected: User unknown

Message headers follow.

{COPY}""",
                "hard",
                ALICE,
            ),
            (  # Exchange 2003
                """
From: System Administrator <postmaster@example.org>
Subject: Undeliverable: Papers
Precedence: bulk
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Your message

  To:      Alice@EXAMPLE.ORG
  Subject: Papers
  Sent:    Thu, 11 Jun 2026 10:00:00 +0000

did not reach the following recipient(s):

alice@EXAMPLE.ORG on Thu, 11 Jun 2026 10:00:01 +0000
    The recipient name is not recognized
\tThe MTS-ID of the original message is: c=us;a= ;p=example
    MSEXCH:IMS:Example:MAIN:MX 0 (000C05A6) Unknown Recipient

--b
Content-Type: message/rfc822

Subject: Papers

--b--
""",
                "hard",
                ALICE,
            ),
            (  # Notes
                f"""
Return-Path: <>
From: postmaster@example.org
Subject: Undeliverable message

------- Failure Reasons  --------

User not listed in public Name & Address Book
{ALICE}

------- Returned Message --------
{COPY}""",
                "hard",
                ALICE,
            ),
            (  # Yahoo
                f"""
From: MAILER-DAEMON@example.com
Subject: Failure Notice

Sorry, we were unable to deliver your message to the following address.

<{ALICE}>:
No mx record found for domain=example.org

--- Below this line is a copy of the message.

{COPY}""",
                "hard",
                ALICE,
            ),
            (  # Google Groups
                f"""
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@example.com>
Auto-Submitted: auto-replied
X-Failed-Recipients: {ALICE}
Subject: Delivery Status Notification (Failure)

We're writing to let you know that the group you tried to contact (alice) may not exist, or you
may not have permission to post messages to the group.

----- Original message -----

{COPY}""",
                "blocked",
                ALICE,
            ),
            (  # refused before anybody was named
                f"""
X-Failed-Recipients: {ALICE}
From: Mail Delivery System <Mailer-Daemon@mx.example.net>
Subject: Mail delivery failed: returning message to sender

The following address(es) failed:

  {ALICE}
    SMTP error from remote mail server after MAIL FROM:<digest@papers.example.org> SIZE=1543:
    host mx.example.org [192.0.2.20]: 550 unknown user

------ This is a copy of the message, including all the headers. ------

{COPY}""",
                "blocked",
                ALICE,
            ),
            (  # from an address that names no daemon, with the message attached
                f"""
Return-Path: <>
From: no-reply@example.org
Subject: Mail
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Your mail sent on: Thu, 11 Jun 2026 10:00:00 +0000
     Could not be delivered to: <{ALICE}>
     As their mailbox is full.

--b
Content-Type: message/rfc822

Subject: Papers

--b--
""",
                "soft",
                ALICE,
            ),
            (  # HTML alone
                f"""
From: Postmaster <postmaster@example.org>
Subject: Undeliverable: Papers
Content-Type: text/html

<html><head><style>p {{ color: red }}</style></head><body><p>Your message could not be
delivered.</p><p>{ALICE}<br>550 5.1.1 user&nbsp;unknown</p></body></html>
""",
                "hard",
                ALICE,
            ),
            (  # a frame that a gateway broke
                """
From: MAILER-DAEMON@mx.example.net
Subject: Returned mail

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: RFC822; alice@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: SMTP; 550 5.1.1 User unknown

--b
""",
                "hard",
                ALICE,
            ),
            (  # a server that says no more
                f"""
From: MAILER-DAEMON@mx.example.net
Subject: failure notice

{ALICE}

--- Below this line is a copy of the message.

{COPY}""",
                "soft",
                ALICE,
            ),
        ],
    )
    def test_of_many_servers_are_bounces(self, mail, severity, address):
        found = judged(mail)
        assert (found.kind, found.severity) == ("bounce", severity), found.rule
        assert list(severities(found)) == [address]

    def test_the_message_that_came_back_is_not_read(self):
        mail = LETTERS["qmail"].replace("550 sorry, no mailbox here by that name", "552 full")
        assert severities(judged(mail))[ALICE] == "soft"


def notification(
    action, status="5.1.1", diagnostic="smtp; 550 5.1.1 user unknown", text="", more=""
):
    return f"""
From: MAILER-DAEMON@mx.example.net
Subject: Delivery status
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

{text}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {ALICE}
{f"Action: {action}" if action else ""}
Status: {status}
{f"Diagnostic-Code: {diagnostic}" if diagnostic else ""}
{more}
--b--
"""


class TestLettersInOtherLanguages:
    """The subject and the sentence say it, whoever's name stands above."""

    @pytest.mark.parametrize(
        ("subject", "said", "expected"),
        [
            ("Unzustellbar: Neues", "wurde nicht zugestellt: Empfänger unbekannt", "hard"),
            ("Zustellung fehlgeschlagen", "nicht zugestellt: Das Postfach ist voll", "soft"),
            ("Non remis : papers", "Le message n'a pas été remis. Utilisateur inconnu.", "hard"),
            ("Échec de la remise", "n'a pas pu être remis : boîte aux lettres pleine", "soft"),
            ("No se puede entregar", "No se ha podido entregar. El usuario no existe.", "hard"),
            ("Mensaje devuelto", "No se pudo entregar: el buzón está lleno", "soft"),
            ("Falha na entrega", "Não foi possível entregar. Usuário desconhecido.", "hard"),
            ("Impossibile recapitare", "Non recapitato: utente sconosciuto", "hard"),
            ("Niet bezorgd", "kan niet worden bezorgd: onbekende gebruiker", "hard"),
            ("Nie można dostarczyć", "Nie udało się dostarczyć: nieznany użytkownik", "hard"),
            ("Не удалось доставить", "не может быть доставлено: нет такого пользователя", "hard"),
            ("送信エラー", "配信できませんでした。宛先のメールアドレスが見つかりません", "hard"),
            ("系统退信", "无法送达：收件人不存在", "hard"),
            ("退信", "投递失败：收件人邮箱已满", "soft"),
            ("배달 실패", "전송되지 않았습니다. 존재하지 않는 사용자입니다", "hard"),
        ],
    )
    def test_are_bounces_and_judged(self, subject, said, expected):
        data = f"""From: postmaster@mx.example.net
Subject: {subject}
Content-Type: text/plain; charset=utf-8

<alice@example.org>
{said}

-----Original message-----
Subject: papers
""".encode()
        found = judge_mail(Mail(data))
        assert (found.kind, found.severity) == ("bounce", expected), found.rule

    @pytest.mark.parametrize(
        "said", ["Empfänger unbekannt verzogen", "无法送达 is what the parcel's note said"]
    )
    def test_but_a_persons_mail_about_a_parcel_is_none(self, said):
        data = f"From: bob@example.net\nSubject: a parcel\n\n{said}\n".encode()
        assert judge_mail(Mail(data)).kind == "none"


class TestLettersThatQuoteTheDialogue:
    """The server's last word counts before what the letter makes of it."""

    def letter(self, *lines):
        said = "\n".join(lines)
        return judge_mail(
            Mail(f"From: MAILER-DAEMON@mx.example.net\nSubject: failure\n\n{said}\n".encode())
        )

    def test_an_answer_for_good_outweighs_a_busy_server(self):
        found = self.letter(
            "   ----- Transcript of session follows -----",
            "<<< 450 busy - please try later",
            ">>> RCPT To:<alice@example.org>",
            "<<< 550 <alice@example.org>, User unknown",
        )
        assert found.severity == "hard"

    def test_the_letters_own_verb_does_not(self):
        found = self.letter(
            "Each of the following recipients was rejected by a remote mail server.",
            ">>> RCPT TO:<alice@example.org>",
            "<<< 550 <alice@example.org>: User unknown",
        )
        assert found.severity == "hard"

    def test_what_answers_our_own_name_blames_no_reader(self):
        found = self.letter(
            "   ----- Transcript of session follows -----",
            ">>> MAIL From:<digest@papers.example.org>",
            "<<< 550 unknown user",
        )
        assert found.severity == "blocked"


class TestNotifications:
    @pytest.mark.parametrize("action", ["failed", "Failed", "failure", "error", "expired", "fail"])
    def test_failures_by_any_word(self, action):
        found = judged(notification(action))
        assert (found.kind, found.severity) == ("bounce", "hard")

    @pytest.mark.parametrize(
        ("action", "kind"),
        [
            ("delayed", "delay"),
            ("delayed (will retry)", "delay"),
            ("delivered", "delivered"),
            ("relayed", "delivered"),
            ("expanded", "delivered"),
        ],
    )
    def test_of_something_else_are_no_bounces_whatever_they_quote(self, action, kind):
        found = judged(notification(action))
        assert (found.kind, found.severity) == (kind, "")

    def test_a_letter_beside_the_fields_tells_what_they_do_not(self):
        said = "----- Transcript of session follows -----\n550 5.1.2 Host unknown"
        assert judged(notification("failed", "5.0.0", "", said)).severity == "hard"
        assert (
            judged(notification("failed", "5.1.1", "", "The mailbox is full.")).severity == "soft"
        )

    def test_its_advice_makes_nobody_dead(self):
        advice = "The address may be misspelled, or does not exist any longer."
        assert judged(notification("failed", "5.4.7", "", advice)).severity == "soft"

    def test_fields_in_base64_are_read(self):
        fields = (
            "UmVwb3J0aW5nLU1UQTogZG5zOyBteC5leGFtcGxlLm5ldAoKRmluYWwtUmVjaXBpZW50OiByZmM4MjI7"
            "IGFsaWNlQGV4YW1wbGUub3JnCkFjdGlvbjogZmFpbGVkClN0YXR1czogNS4xLjEK"
        )
        mail = f"""
From: postmaster@example.org
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status
Content-Transfer-Encoding: base64

{fields}
--b--
"""
        found = judged(mail)
        assert severities(found) == {ALICE: "hard"}

    def test_amazons_are_json(self):
        def mail(**told):
            body = json.dumps({"Type": "Notification", "Message": json.dumps(told)}, indent=1)
            return f"From: no-reply@sns.example.com\nSubject: AWS Notification\n\n{body}\n--\nBye"

        recipient = {
            "emailAddress": ALICE,
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        }
        bounce = {"bounceType": "Permanent", "bouncedRecipients": [recipient]}
        found = judged(mail(notificationType="Bounce", bounce=bounce))
        assert (found.kind, severities(found)) == ("bounce", {ALICE: "hard"})
        assert judged(mail(notificationType="Delivery")).kind == "delivered"
        assert judged(mail(notificationType="Complaint")).kind == "complaint"
        assert judged(mail(notificationType="Bounce", bounce=[])).kind == "none"


class TestWhatIsNoBounce:
    @pytest.mark.parametrize(
        ("mail", "kind"),
        [
            (  # a ticket system
                """
From: Helpdesk <help@example.org>
Auto-Submitted: auto-replied
Return-Path: <>
Subject: [Ticket #550] We received your message

Thank you. Our office is at 500 Main Street, and ticket 5.1.1 is yours.
""",
                "auto-reply",
            ),
            (
                """
From: Helpdesk <help@example.org>
Subject: Your parcel could not be delivered

The driver could not deliver it to 550 Main Street.
""",
                "none",
            ),
            (
                """
From: Postmaster <postmaster@example.org>
Subject: Our new address

We moved to 500 Main Street, 550 5th Avenue.
""",
                "none",
            ),
            (
                """
From: Alice <alice@example.org>
Subject: Re: Papers

I wrote to Bob and got "550 5.1.1 user unknown". Do you know his address?
""",
                "none",
            ),
            (  # a receipt (RFC 8098)
                """
From: Alice <alice@example.org>
Subject: Read: Papers
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: text/plain

Your message was read on Thursday.

--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; alice@example.org
Disposition: manual-action/MDN-sent-manually; displayed

--b--
""",
                "none",
            ),
            (  # Exim's warning
                f"""
Return-Path: <>
From: Mail Delivery System <Mailer-Daemon@mx.example.net>
Subject: Warning: message 1X58pT-0004bZ delayed 24 hours
Auto-Submitted: auto-replied

A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue. The address is:

  {ALICE}
    host mx.example.org [192.0.2.1]: 550 5.1.1 User unknown (earlier)

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated.
""",
                "delay",
            ),
            (  # sendmail's
                f"""
From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>
Subject: Warning: could not send message for past 4 hours

    **********************************************
    **      THIS IS A WARNING MESSAGE ONLY      **
    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
    **********************************************

{ALICE}: 451 4.4.1 reply: read error. This is not a permanent error: 550 5.1.1
Warning: message still undelivered after 4 hours
Will keep trying until message is 5 days old
""",
                "delay",
            ),
            (  # away
                """
Return-Path: <>
From: Alice <alice@example.org>
Subject: Out of office
Auto-Submitted: auto-replied

I am away, and cannot be delivered anything. 550 5.1.1 user unknown, as they say.
""",
                "auto-reply",
            ),
        ],
    )
    def test_is_taken_for_what_it_is(self, mail, kind):
        found = judged(mail)
        assert (found.kind, found.severity) == (kind, ""), found.rule


class TestAutomaticReplies:
    @pytest.mark.parametrize(
        "mail",
        [
            """
From: Alice <alice@example.org>
Subject: Your message
Auto-Submitted: auto-replied

There is no such user here.
""",
            """
From: Alice <alice@example.org>
Subject: Automatic reply: Papers
Auto-Submitted: auto-replied

Alice is no longer with the company.
""",
            """
From: MAILER-DAEMON@example.org
Subject: Processing
Precedence: bulk

The mail has met an obstacle.
""",
        ],
    )
    def test_that_may_hide_a_bounce_are_left_to_a_person(self, mail):
        assert judged(mail).kind == "unknown"

    def test_an_undeliverable_mail_with_their_headers_is_a_bounce(self):
        mail = f"Auto-Submitted: auto-replied\nPrecedence: bulk\n{LETTERS['qmail'].strip()}"
        assert judged(mail).kind == "bounce"


class TestComplaints:
    def test_outlooks_have_no_part_for_machines(self):
        found = judged("""
From: staff@hotmail.example
Subject: complaint about message from 192.0.2.1
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: message/rfc822

X-HmXmrOriginalRecipient: alice@example.org
Subject: Papers

--b--
""")
        assert found.kind == "complaint"

    def test_a_report_without_fields_is_for_a_person(self):
        found = judged("Content-Type: message/feedback-report\n\n")
        assert found.kind == "unknown"
