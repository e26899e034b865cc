"""What the admin's sidebar leads to: a line for each page that editors and operators need daily."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy


def site_name(request: HttpRequest) -> str:
    """What the admin is called."""
    from papers import site  # whose tables settings are read before

    return site.current().name


_GROUPS = {
    "Today": [
        ("Today", "today", "index"),
    ],
    "Papers": [
        ("Topics", "label", "papers_topic_changelist"),
        ("Topic changes", "merge_type", "subscriptions_topicchange_changelist"),
        ("Papers", "article", "papers_paper_changelist"),
        ("Joined papers", "merge", "papers_join_changelist"),
        ("Submissions", "inbox", "subscriptions_submission_changelist"),
        ("Picks", "push_pin", "papers_pick_changelist"),
        ("Sources", "rss_feed", "papers_source_changelist"),
        ("Acronyms", "match_case", "papers_acronym_changelist"),
    ],
    "Readers": [
        ("Subscribers", "group", "subscriptions_subscriber_changelist"),
        ("Suppressions", "block", "subscriptions_suppression_changelist"),
        ("Forms elsewhere", "html", "subscriptions_subscriber_forms"),
        ("Followed most", "trending_up", "subscriptions_interest_changelist"),
        ("Imports", "upload", "subscriptions_importrun_changelist"),
        ("Exports", "download", "subscriptions_readerexport_changelist"),
    ],
    "Delivery": [
        ("Coming issues", "edit_calendar", "newsletter_issuedraft_changelist"),
        ("Issues", "newspaper", "newsletter_issue_changelist"),
        ("Letters", "history_edu", "newsletter_letter_changelist"),
        ("Deliveries", "outgoing_mail", "newsletter_delivery_changelist"),
        ("Other emails", "mail", "subscriptions_notice_changelist"),
        ("Events", "hearing", "newsletter_event_changelist"),
        ("Statistics", "monitoring", "newsletter_dailycount_changelist"),
    ],
    "Service": [
        ("Status", "monitor_heart", "newsletter_trouble_status"),
        ("Troubles", "warning", "newsletter_trouble_changelist"),
        ("Actions on many rows", "checklist", "papers_bulkaction_changelist"),
        ("Site and newsletter", "palette", "papers_site_changelist"),
        ("Roles", "badge", "auth_group_roles"),
        ("Accounts", "person", "auth_user_changelist"),
        ("Who changed what", "history", "papers_auditentry_changelist"),
    ],
    "Other programs": [
        ("API tokens", "key", "newsletter_apitoken_changelist"),
        ("API changes", "history", "newsletter_apiwrite_changelist"),
        ("Webhooks", "webhook", "newsletter_webhook_changelist"),
        ("Webhook messages", "outbox", "newsletter_webhookmessage_changelist"),
    ],
}

SIDEBAR: list[dict[str, Any]] = [
    {
        "title": group,
        "items": [
            {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{view}")}
            for title, icon, view in pages
        ],
    }
    for group, pages in _GROUPS.items()
]
"""As Unfold wants it; icons are names of Material Symbols."""
