"""What the site is called and says of itself: the one place that all pages, feeds and emails ask.

An owner's row (`papers.models.Site`) goes before the variables, and both before the sentences that
come with Broadsheet. A process reads the row again when it is older than `FRESH` seconds, and at
once where it changed it itself; a page that is kept is made from a row that is read then. Issues
keep what they were frozen with (`Site.as_dict`), so that their digests say the same at every
attempt.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, replace
from email.utils import parseaddr
from typing import Any, Self

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models.signals import post_delete, post_save
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, gettext_noop

from papers import colors, models
from papers.site_texts import BY_KEY, NAME
from papers.text import markdown
from papers.text.cleaning import plain

logger = logging.getLogger(__name__)

gettext_noop("the editors")  # what CURATOR says unless an operator says otherwise

FRESH = 2.0
"""Seconds for which a process goes by what it read, whatever another one wrote since."""

EMAIL_ACCENT, EMAIL_ACCENT_DARK = "#8c1c1c", "#f2a799"
"""The emails' own accent colors."""


@dataclass(frozen=True, slots=True)
class Logo:
    """The logo, shown at half its pixels, so that it is sharp on every screen."""

    digest: str
    width: int
    height: int

    @property
    def path(self) -> str:
        """Where it is served."""
        return reverse("newsletter:logo", args=[self.digest])

    @property
    def address(self) -> str:
        """The absolute address, for emails."""
        return f"{settings.SITE_URL}{self.path}"

    @property
    def shown_width(self) -> int:
        """In CSS pixels."""
        return max(1, round(self.width / 2))

    @property
    def shown_height(self) -> int:
        """In CSS pixels."""
        return max(1, round(self.height / 2))


@dataclass(frozen=True, slots=True)
class Site:
    """What applies. Everything is one plain line."""

    name: str
    variable_curator: str
    """What CURATOR says; a language may have a curator of its own among the texts."""
    postal_address: str
    accent: str = ""
    """Empty where the stylesheets' own colors apply."""
    accent_dark: str = ""
    logo: Logo | None = None
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    # --- In the active language -----------------------------------------------------------

    @property
    def tagline(self) -> str:
        """What stands below the name; empty where the site has none of its own."""
        return self.own("tagline")

    @property
    def description(self) -> str:
        """What the site is, in a sentence."""
        return self._sentence("tagline")

    @property
    def curator(self) -> str:
        """Who picks the papers."""
        return self.own("curator") or plain(gettext(self.variable_curator))

    @property
    def confirmation(self) -> str:
        """The first sentence of the email that asks for a confirmation."""
        return self._sentence("confirmation")

    @property
    def welcome(self) -> str:
        """What follows "Welcome." in a reader's first digest."""
        return self._sentence("welcome")

    @property
    def goodbye(self) -> str:
        """The first sentence of the last email."""
        return self._sentence("goodbye")

    @property
    def footer_html(self) -> SafeString:
        """The footer of pages."""
        return self._own_footer_html() or SafeString(escape(self._shipped("footer")))

    @property
    def email_footer_html(self) -> SafeString:
        """The footer of emails; empty where the site has none of its own."""
        return self._own_footer_html()

    @property
    def email_footer_text(self) -> str:
        """The footer of emails in plain text; empty where the site has none of its own."""
        written = self._written("footer")
        return markdown.inline_text(written).replace(NAME, self.name) if written else ""

    def own(self, key: str) -> str:
        """The site's own sentence in the active language; empty where it has none."""
        return self._written(key).replace(NAME, self.name)

    def applies(self, key: str) -> str:
        """What a sentence says where the row has none of its own."""
        if key == "curator":
            return plain(gettext(self.variable_curator))
        return self._shipped(key)

    def _sentence(self, key: str) -> str:
        return self.own(key) or self._shipped(key)

    def _shipped(self, key: str) -> str:
        said = {"site_name": self.name, "curator": self.curator}
        return plain(gettext(BY_KEY[key].shipped) % said)

    def _written(self, key: str) -> str:
        return plain(self.texts.get(get_language() or "", {}).get(key, ""))

    def _own_footer_html(self) -> SafeString:
        written = self._written("footer")
        if not written:
            return SafeString("")
        html = markdown.inline_html(written).replace(NAME, escape(self.name))
        return mark_safe(html)  # noqa: S308 - made of escaped Markdown

    # --- Of the mail ----------------------------------------------------------------------

    @property
    def sender(self) -> str:
        """The From header: FROM_EMAIL, whose name is the site's unless the operator chose another.

        The address is always the variable's.
        """
        configured = str(settings.DEFAULT_FROM_EMAIL)
        name, address = parseaddr(configured)
        if name != settings.SITE_NAME or self.name == plain(settings.SITE_NAME):
            return configured
        quoted = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'

    def mail_context(self) -> dict[str, Any]:
        """What every email's templates say about the site, in the active language."""
        return {
            "site_name": self.name,
            "site_url": settings.SITE_URL,
            "curator": self.curator,
            "postal_address": self.postal_address,
            "accent": self.accent or EMAIL_ACCENT,
            "accent_dark": self.accent_dark or EMAIL_ACCENT_DARK,
            "logo": self.logo,
            "the_site": self,
        }

    # --- Kept with an issue ---------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """In JSON's types."""
        return asdict(self) | {"texts": {code: dict(said) for code, said in self.texts.items()}}

    @classmethod
    def of_issue(cls, kept: Mapping[str, Any] | None) -> Self:
        """What an issue was frozen with; what applies now where that says nothing, or in a
        preview. A postal address that was missing then is taken as it is now.
        """
        now = current()
        if not kept or _shown.get() is not None:
            return now  # type: ignore[return-value]
        names = cls.__dataclass_fields__
        found = cls(**{name: value for name, value in kept.items() if name in names})
        logo = kept.get("logo")
        return replace(
            found,
            logo=Logo(**logo) if logo else None,
            postal_address=found.postal_address or now.postal_address,
        )


# --- The row, and how long one goes by what was read -----------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """What the row says; empty where it says nothing."""

    name: str = ""
    postal_address: str = ""
    accent: str = ""
    accent_dark: str = ""
    logo: Logo | None = None
    texts: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """By language and key, in what can be hashed."""


EMPTY = Row()


def row_of(
    site: "models.Site", logo: Logo | None = None, *, texts: Mapping[str, Any] | None = None
) -> Row:
    """What a row says, saved or not; `logo` in place of the one that it leads to."""
    found = site.logo
    if logo is None and found is not None:
        logo = Logo(found.digest, found.width, found.height)
    return Row(
        name=site.name,
        postal_address=site.postal_address,
        accent=site.accent,
        accent_dark=site.accent_dark,
        logo=logo,
        texts=_frozen(site.texts if texts is None else texts),
    )


def _frozen(texts: Mapping[str, Any]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return tuple((code, tuple(said.items())) for code, said in texts.items())


_lock = threading.Lock()
_kept: tuple[float, Row] | None = None
"""Until when, by the clock of the process, and what."""

_shown: ContextVar[Row | None] = ContextVar("the row of a preview", default=None)


def current() -> Site:
    """What applies now, `FRESH` seconds ago at most. No query, or one."""
    shown = _shown.get()
    return applying(shown if shown is not None else _row())


def says_postal_address() -> bool:
    """Whether the row has a postal address, so that the variable need not."""
    return bool(plain(_row().postal_address))


def applying(row: Row) -> Site:
    """What applies with such a row."""
    global _last
    variables = settings.SITE_NAME, settings.CURATOR, settings.POSTAL_ADDRESS
    last = _last
    if last is not None and last[0] is row and last[1] == variables:
        return last[2]
    made = _made(row, *variables)
    _last = row, variables, made
    return made


_last: tuple[Row, tuple[str, str, str], Site] | None = None
"""What was asked for last, which is nearly always asked for again."""


def _made(row: Row, name: str, curator: str, postal_address: str) -> Site:
    accent_dark = row.accent_dark or (colors.dark_from(row.accent) if row.accent else "")
    return Site(
        name=plain(row.name) or plain(name),
        variable_curator=curator,
        postal_address=plain(row.postal_address) or plain(postal_address),
        accent=row.accent,
        accent_dark=accent_dark,
        logo=row.logo,
        texts={code: dict(said) for code, said in row.texts},
    )


def read_again() -> Site:
    """What applies now, from a row that is read now. One query."""
    forget()
    return current()


def forget() -> None:
    """Go by nothing that was read before."""
    global _kept
    with _lock:
        _kept = None


def listen() -> None:
    """Have this process read the row again when it writes it, and once more when that is
    committed.
    """
    for signal in (post_save, post_delete):
        signal.connect(_changed, sender=models.Site, dispatch_uid="site")


def _changed(**kwargs: Any) -> None:
    forget()
    transaction.on_commit(forget, robust=True)


@contextmanager
def shown_with(row: Row) -> Iterator[Site]:
    """Let what applies be what would apply with this row: a preview. Only here, in this thread."""
    token = _shown.set(row)
    try:
        yield current()
    finally:
        _shown.reset(token)


def is_preview() -> bool:
    """Whether what applies is a preview's, which nobody else may be shown."""
    return _shown.get() is not None


def _row() -> Row:
    global _kept
    kept = _kept
    now = time.monotonic()
    if kept is not None and now < kept[0]:
        return kept[1]
    try:
        row = _read()
    except DatabaseError as error:
        # The name is never what something fails for; whatever else needs the database will say so.
        if connection.in_atomic_block:
            raise
        logger.warning(
            "couldn't read what the site is called, so the variables apply",
            extra={"reason": str(error)[:200]},
        )
        return kept[1] if kept is not None else EMPTY
    with _lock:
        _kept = now + FRESH, row
    return row


def _read() -> Row:
    found = models.Site.objects.select_related("logo").defer("logo__image").first()
    return row_of(found) if found is not None else EMPTY
