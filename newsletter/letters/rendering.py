"""A letter as an email: what all its readers of one language share is made once, and each reader's
own are the signed links.
"""

import re
from collections.abc import Sequence
from email.utils import parseaddr
from html import unescape

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.html import strip_tags
from django.utils.safestring import mark_safe

from newsletter.digests.selection import Reader
from newsletter.digests.tracked_links import tracker_for
from newsletter.mail.encoding import Fragment
from newsletter.mail.message import Mail
from newsletter.mail.message_ids import message_id, preview_id
from newsletter.mail.return_paths import return_path
from newsletter.models import Letter
from papers import site
from papers.text.markdown import as_html, targets
from subscriptions import links
from subscriptions.notices.list_headers import AUTOMATIC, feedback_id, unsubscribe_headers
from subscriptions.notices.mjml import check_links, compile_mjml

# As long as tokens, and in no text otherwise.
_LEAVE, _CHOOSE, _KEEP = "L" * 48, "C" * 48, "K" * 48


class LetterPress:
    """One letter in one language. Raises `LookupError` where it has no text, and `RenderingFailed`
    where its text cannot be an email.
    """

    def __init__(self, letter: Letter, language: str) -> None:
        self.letter = letter
        self.site = site.current()
        self.language, text = letter.text_for(language)
        self.subject = " ".join(text["subject"].split())
        with translation.override(self.language):
            body = as_html(text["body"])
            context = {
                "subject": self.subject,
                "body": mark_safe(body),  # noqa: S308 - made of escaped Markdown
                "preheader": " ".join(unescape(strip_tags(body)).split()),
                "plain_body": text["body"].replace("\r\n", "\n").strip(),
                "leave": links.absolute(reverse("subscriptions:unsubscribe", args=[_LEAVE])),
                "choose": links.absolute(reverse("subscriptions:preferences", args=[_CHOOSE])),
                "keep": links.absolute(reverse("subscriptions:keep", args=[_KEEP]))
                if letter.kind == Letter.Kind.PERMISSION
                else "",
                **self.site.mail_context(),
                "language": translation.get_language(),
                "is_right_to_left": translation.get_language_bidi(),
            }
            html = compile_mjml(render_to_string("emails/letter.html", context))
            check_links(html)
            self._html = _cut(html)
            self._text = _cut(render_to_string("emails/letter.txt", context).strip() + "\n")
        self._tracker = tracker_for()
        if self._tracker is not None:
            for number, url in enumerate(targets(text["body"])):
                self._tracker.lead(
                    url, "newsletter:follow-letter", letter.pk, self.language, number
                )

    def render(self, reader: Reader, delivery_id: int | None) -> Mail:
        """The reader's letter; without a delivery it is a preview."""
        who = reader.id, reader.link_version
        tokens = {
            _LEAVE: Fragment.word(links.token(links.Purpose.UNSUBSCRIBE, *who)),
            _CHOOSE: Fragment.word(links.token(links.Purpose.PREFERENCES, *who)),
            _KEEP: Fragment.word(links.token(links.Purpose.KEEP, *who)),
        }
        name = self.site.name.replace("\\", "").replace('"', "'")
        name = f'"{name}"' if name.isascii() else name
        sender = self.site.sender
        html = () if reader.text_only else _filled(self._html, tokens)
        if html and self._tracker is not None and delivery_id is not None:
            html = self._tracker.track(html, *who, delivery_id)
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
            html=html,
            metadata={"letter": str(self.letter.pk)},
            tags=("letter",),
        )


_TOKENS = re.compile(f"({_LEAVE}|{_CHOOSE}|{_KEEP})")


def _cut(text: str) -> list[Fragment | str]:
    """The text in parts; where a token goes stands its name."""
    names = (_LEAVE, _CHOOSE, _KEEP)
    return [part if part in names else Fragment.of(part) for part in _TOKENS.split(text) if part]


def _filled(parts: Sequence[Fragment | str], tokens: dict[str, Fragment]) -> tuple[Fragment, ...]:
    return tuple(tokens[part] if isinstance(part, str) else part for part in parts)
