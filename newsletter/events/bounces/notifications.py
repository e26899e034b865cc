"""What machines are told: delivery status notifications (RFC 3464), and Amazon's JSON."""

import json
import re
from contextlib import suppress
from email.message import Message
from typing import Any

from newsletter.events.bounces.kinds import MOST_RECIPIENTS, Failure, Judgment, Kind, bounce_of
from newsletter.events.bounces.letters import explanation, judge_letter, pith, unquoted
from newsletter.events.bounces.mime import Mail, blocks_in, blocks_of, header, unfolded
from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.bounce_severity import judge, said_after_data, status_in
from newsletter.mail.outcomes import clean

_DONE = frozenset(("delivered", "relayed", "expanded", "deliverable"))


def status_of(mail: Mail) -> Judgment | None:
    """What a delivery status notification says; None where there is none."""
    part = mail.part_of("message/delivery-status")
    blocks = blocks_of(part) if part is not None else []
    recipients = _recipient_blocks(blocks)
    if not recipients and _FIELDS.search(unquoted(mail.text)):
        # The fields stand in a text, since a server or gateway broke the frame around them.
        recipients = _recipient_blocks(blocks_in(unquoted(mail.text)))
    if not recipients:
        return None
    failures = [_failure(one, mail) for one in recipients]
    actions = {_action(one) for one in recipients}
    reason = "a delivery status notification (RFC 3464)"
    if any(one.is_failure for one in failures):
        return bounce_of(failures, reason)
    kind = Kind.DELAY if "delayed" in actions else Kind.DELIVERED
    return Judgment(kind, f"{reason}: {' '.join(sorted(actions))[:40]}", recipients=tuple(failures))


_FIELDS = re.compile(r"^Final-Recipient:.*\S", re.IGNORECASE | re.MULTILINE)


def _recipient_blocks(blocks: list[Message]) -> list[Message]:
    named = ("Final-Recipient", "Original-Recipient", "Action")
    return [one for one in blocks if any(one.get(name) for name in named)][:MOST_RECIPIENTS]


def _action(block: Message) -> str:
    """What happened, of what the standard knows; "failed" for all else with which servers say it
    (failure, error, expired), and "delayed" where only the status says that.
    """
    given = re.sub(r"[^a-z].*", "", header(block, "Action").lower())
    if given in _DONE or given == "delayed":
        return given
    if given.startswith("delay") or given in ("transient", "warning", "deferred"):
        return "delayed"
    status = status_in(header(block, "Status"))
    return "delivered" if not given and status.startswith("2") else "failed"


def _failure(block: Message, mail: Mail) -> Failure:
    """One recipient's fields, judged; where they say little, by the letter beside them."""
    status = status_in(header(block, "Status"))
    words = _unfolded(block, "Diagnostic-Code")
    beside = explanation(mail.text)
    verdict = judge(words, status, after_data=said_after_data(beside))
    said = words
    action = _action(block)
    if action == "failed" and not verdict.by_words:
        other = judge(beside, status)
        said = words or pith(beside)
        # A letter explains at length what may be wrong: only beside a code of the address's own
        # do its words make one dead.
        if other.by_words and (other.bounce is not Bounce.HARD or _OF_ADDRESS.match(status)):
            verdict = other
    elif action == "failed" and verdict.bounce is Bounce.HARD:
        other = judge_letter(beside)
        if other.rule in _CONTRADICT and not _HEDGES.search(beside):
            verdict, said = other, pith(beside)
    return Failure(_address_of(block), verdict, clean(said), action == "failed")


#: What a letter says of a living address, beside fields that call it dead.
_CONTRADICT = frozenset(("refused before the recipient was named", "the mailbox is full"))
#: A letter that lists what may be wrong says nothing of this one.
_HEDGES = re.compile(r"\b(?:may|might|could) (?:be|have)\b|\bor\b.{0,30}\bfull\b", re.IGNORECASE)
_OF_ADDRESS = re.compile(r"5\.(?:0\.0|1\.\d+|2\.1|4\.4|5\.0)$|$")


def _unfolded(block: Message, name: str) -> str:
    """The field's value, decoded, without the name of the protocol in front: "smtp; "."""
    return re.sub(r"^\s*[\w-]+\s*;\s*", "", _read_charset(unfolded(block, name)))


def _read_charset(text: str) -> str:
    """ISO-2022-JP shows by its escapes, and is written into fields as it is."""
    if "\x1b$" in text or "$B" in text:
        with suppress(UnicodeError):
            return text.encode("ascii").decode("iso2022_jp")
    return text


def _address_of(block: Message) -> str:
    """The address that the email was sent to; a forwarding server puts another one beside it."""
    given = header(block, "Original-Recipient") or header(block, "Final-Recipient")
    return given.rpartition(";")[2].strip(" <>\"'")[:254]


# --- Amazon's notifications -----------------------------------------------------------------------


def amazons_of(mail: Mail) -> Judgment | None:
    """Of Amazon SES through SNS, subscribed to by mail."""
    text = mail.text.lstrip()
    if not text.startswith("{") or "notificationType" not in text:
        return None
    told = _json(text)
    told = _json(told["Message"]) if isinstance(told.get("Message"), str) else told
    kind = str(told.get("notificationType", "")).lower()
    if kind == "delivery":
        return Judgment(Kind.DELIVERED, "a notification of Amazon SES")
    if kind == "complaint":
        return Judgment(Kind.COMPLAINT, "a notification of Amazon SES", feedback="abuse")
    bounce = told.get("bounce")
    listed = bounce.get("bouncedRecipients") if isinstance(bounce, dict) else None
    failures = [
        Failure(
            str(one.get("emailAddress", ""))[:254],
            judge(str(one.get("diagnosticCode", "")), str(one.get("status", ""))),
            clean(one.get("diagnosticCode", "")),
        )
        for one in (listed if isinstance(listed, list) else [])[:MOST_RECIPIENTS]
        if isinstance(one, dict)
    ]
    return bounce_of(failures, "a notification of Amazon SES") if failures else None


def _json(text: str) -> dict[str, Any]:
    # Mail servers wrap lines, and what follows the object is for people.
    with suppress(ValueError, RecursionError):
        found, _ = json.JSONDecoder(strict=False).raw_decode(re.sub(r"[\r\n]+ ?", "", text))
        if isinstance(found, dict):
            return found
    return {}
