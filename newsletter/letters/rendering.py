"""A letter as an email: what all its readers of one language share is made once, and each reader's
own are the signed links.
"""

from collections.abc import Sequence
from email.utils import parseaddr

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import mark_safe

from newsletter.digests.selection import Reader
from newsletter.letters.markdown import as_html
from newsletter.mail.encoding import Fragment
from newsletter.mail.message import Mail
from newsletter.mail.message_ids import message_id, preview_id
from newsletter.mail.return_paths import return_path
from newsletter.models import Letter
from papers.text.cleaning import plain
from subscriptions import links
from subscriptions.notices.list_headers import AUTOMATIC, feedback_id, unsubscribe_headers
from subscriptions.notices.mjml import check_links, compile_mjml

_LEAVE, _CHOOSE = "L" * 48, "C" * 48  # as long as tokens, and in no text otherwise


class LetterPress:
    """One letter in one language. Raises `LookupError` where it has no text, and `RenderingFailed`
    where its text cannot be an email.
    """

    def __init__(self, letter: Letter, language: str) -> None:
        self.letter = letter
        self.language, text = letter.text_for(language)
        self.subject = " ".join(text["subject"].split())
        with translation.override(self.language):
            context = {
                "subject": self.subject,
                "body": mark_safe(as_html(text["body"])),  # noqa: S308 - made of escaped Markdown
                "plain_body": text["body"].replace("\r\n", "\n").strip(),
                "leave": links.absolute(reverse("subscriptions:unsubscribe", args=[_LEAVE])),
                "choose": links.absolute(reverse("subscriptions:preferences", args=[_CHOOSE])),
                "site_name": plain(settings.SITE_NAME),
                "site_url": settings.SITE_URL,
                "postal_address": plain(settings.POSTAL_ADDRESS),
                "language": translation.get_language(),
                "is_right_to_left": translation.get_language_bidi(),
            }
            html = compile_mjml(render_to_string("emails/letter.html", context))
            check_links(html)
            self._html = _cut(html)
            self._text = _cut(render_to_string("emails/letter.txt", context).strip() + "\n")

    def render(self, reader: Reader, delivery_id: int | None) -> Mail:
        """The reader's letter; without a delivery it is a preview."""
        who = reader.id, reader.link_version
        tokens = {
            _LEAVE: Fragment.word(links.token(links.Purpose.UNSUBSCRIBE, *who)),
            _CHOOSE: Fragment.word(links.token(links.Purpose.PREFERENCES, *who)),
        }
        name = plain(settings.SITE_NAME).replace("\\", "").replace('"', "'")
        name = f'"{name}"' if name.isascii() else name
        sender = settings.DEFAULT_FROM_EMAIL
        return Mail(
            delivery_id=delivery_id,
            message_id=message_id(delivery_id)
            if delivery_id is not None
            else preview_id(f"letter.{self.letter.pk}.{reader.id}"),
            envelope_from=return_path(delivery_id, reader.email, parseaddr(sender)[1]),
            to_addr=reader.email,
            from_header=sender,
            subject=self.subject,
            headers=(
                *unsubscribe_headers(*who).items(),
                ("List-Id", f"{name} <{settings.LIST_ID}>"),  # RFC 2919
                AUTOMATIC,
                ("Feedback-ID", feedback_id(f"l{self.letter.pk}", "letter", self.letter.kind)),
            ),
            text=_filled(self._text, tokens),
            html=() if reader.text_only else _filled(self._html, tokens),
            metadata={"letter": str(self.letter.pk)},
            tags=("letter",),
        )


def _cut(text: str) -> list[Fragment | str]:
    """The text in parts; where a token goes stands its name."""
    parts: list[Fragment | str] = []
    for before_leave in _split(text, _LEAVE):
        if before_leave == _LEAVE:
            parts.append(_LEAVE)
            continue
        parts += [
            part if part == _CHOOSE else Fragment.of(part) for part in _split(before_leave, _CHOOSE)
        ]
    return parts


def _split(text: str, name: str) -> list[str]:
    """The text around each `name`, and the names."""
    pieces = text.split(name)
    found = [pieces[0]]
    for piece in pieces[1:]:
        found += [name, piece]
    return [piece for piece in found if piece]


def _filled(parts: Sequence[Fragment | str], tokens: dict[str, Fragment]) -> tuple[Fragment, ...]:
    return tuple(tokens[part] if isinstance(part, str) else part for part in parts)
