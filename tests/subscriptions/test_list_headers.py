"""The headers that digests and all other mails share."""

import pytest

from subscriptions import links
from subscriptions.notices import list_headers


def test_a_readers_token_stands_in_both_addresses_of_list_unsubscribe():
    token = links.token(links.Purpose.UNSUBSCRIBE, 7, 1)
    headers = list_headers.unsubscribe_headers(7, 1)
    page = links.absolute(links.unsubscribe_path(7, 1))
    assert headers == {
        "List-Unsubscribe": f"<{page}>, <mailto:leave@papers.example.org"
        f"?subject=unsubscribe-{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@pytest.mark.parametrize(
    ("domain", "sender"),
    [
        ("papers.example.org", "papersexampleor"),
        ("a.io", "aiobroadsheet"),
        ("日本.example", "examplebroadshe"),
        ("日本", "broadsheet"),
    ],
)
def test_the_sender_in_feedback_id_has_five_to_fifteen_plain_characters(settings, domain, sender):
    settings.MAIL_DOMAIN = domain
    assert list_headers.feedback_id("2026-06-10", "digest", "daily") == (
        f"2026-06-10:digest:daily:{sender}"
    )
    assert 5 <= len(sender) <= 15
