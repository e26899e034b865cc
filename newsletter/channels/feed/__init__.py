"""Into the reader's private Atom feed, without mail.

The feed is made from the ledger when a program asks for it (`newsletter.pages.private_feed`), so a
digest is there as soon as its row says so.
"""

from django.utils.translation import gettext_lazy as _

from newsletter.channels.base import Recorded


class FeedChannel(Recorded):
    """A digest is what its row holds."""

    name = "feed"
    wish = "feed"
    label = _("In my private feed, no emails")
