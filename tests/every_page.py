"""Every page of the site, by name: what the tests that hold for all pages open.

The papers, topics, notes and mails on them mean harm, in their words and in their lengths: pages of
well-behaved papers look well by themselves, and the tests of single pages have those.
"""

import datetime as dt
from itertools import cycle

from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils import timezone

from newsletter.issues.freezing import build_issue
from newsletter.models import Issue
from newsletter.operations.previews import NAMES
from papers.days import feature_day, feature_days
from papers.matching.interests.specs import spec_of
from papers.models import Feature, Observation, Paper, Pick, Source, Topic
from papers.pages.periods import month_of, week_of
from subscriptions import links
from subscriptions.interests import following
from subscriptions.links import Purpose
from subscriptions.models import Feedback, SavedPaper, Submission, Subscriber
from tests.factories import (
    make_delivery,
    make_match,
    make_paper,
    make_source,
    make_subscriber,
    make_topic,
)

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "Two\r\nlines: header, and \x85 other \u2028 ends",
    r"$\mathcal{O}(n^{2})$ \textbf{is} $\frac{a}{b}$ \input{/etc/passwd} {{ settings.SECRET_KEY }}",
    "\u202eright to left\u202c, \u2067isolated, never ended, \u0627\u0644\u0639\u0631\u0628",
    "W" * 500,
    "Donaudampfschiff" * 6 + "</title><svg onload=alert(3)>",
    '"><a href="javascript:alert(4)" onmouseover=alert(5)>\'',
    "A plain title of the usual length for papers on language models",
)

LONG_ADDRESS = f"{'long' * 15}@{'very-long-name.' * 6}example.org"


def make_hostile_site() -> dict[str, str]:
    """Papers, readers and mails; the path of every page by its name. Needs DEBUG for the last ones,
    and EMBED_HOSTS for the form on other sites.

    A name that ends in "remembered" is that of a page for who has `remembered()` as a cookie.
    """
    now = timezone.now()
    *_, before, day = feature_days(feature_day(now), 3)
    Topic.objects.all().delete()
    topics = [
        make_topic("W" * 80, slug="wide", group="G" * 60, description=HOSTILE[4]),
        make_topic(
            HOSTILE[0],
            slug="script",
            description=HOSTILE[6],
            keywords=[text[:80] for text in HOSTILE],
            categories=["cs.CL", "X" * 40],
        ),
        make_topic("Robots", slug="robots"),
    ]
    papers = []
    for number, (text, topic) in enumerate(zip(HOSTILE * 2, cycle(topics), strict=False)):
        paper = make_paper(
            text,
            day=(day, before)[number % 2],
            abstract=f"{text}. " * 5,
            summary=text if number % 2 else "",
            authors=[text[:200]] * 7,
            organization=text[:200],
            keywords=[text[:40]],
            categories=["cs.CL", "C" * 60],
            upvotes=(2**31 - 1, 1, 0)[number % 3],
            comments=None if number % 4 == 0 else number,
            stars=123_456_789 if number % 2 else None,
            trending_score=float(number),
            code_url=f"https://code.example.org/{'c' * 300}",
            project_url="https://example.org/?a=1&b=%3Cscript%3E",
            reader_upvotes=number,
        )
        kind = "keyword" if number % 2 else "category"
        make_match(paper, topic, evidence=[{"kind": kind, "detail": text[:300], "where": "title"}])
        papers.append(paper)
    shown = papers[8]
    Feature.objects.update(submitted_by="S" * 120)
    for number, source in enumerate(Source.objects.all(), 10):
        Source.objects.filter(pk=source.pk).update(
            last_error=HOSTILE[0], name=f"{'N' * 78}{number}"
        )
    for hours in range(30):
        Observation.objects.create(
            paper=shown,
            source=make_source(),
            observed_at=now - dt.timedelta(hours=hours * 7),
            upvotes=1_000_000 - hours * 1000,
        )
    for each, kind in zip(papers[::2], cycle([Pick.Kind.PIN, Pick.Kind.NOTE]), strict=False):
        Pick.objects.create(day=day, paper=each, kind=kind, note=(each.title * 3)[:300])
    issue = build_issue(day, now)
    assert issue is not None
    Issue.objects.filter(pk=issue.pk).update(note=f"{HOSTILE[0]}\n\n{HOSTILE[4]}")
    build_issue(before, now)

    alice = make_subscriber("alice@example.org", topics=topics)
    places = list(issue.places.select_related("paper"))
    delivery = make_delivery(
        issue,
        alice,
        choices=[[each.paper_id, each.pk, [topics[0].pk], HOSTILE[4]] for each in places],
    )
    for each, value in zip(papers, cycle(Feedback.Value), strict=False):
        Feedback.objects.create(subscriber=alice, paper=each, value=value, at=now)
        if each is not papers[4]:
            SavedPaper.objects.create(subscriber=alice, paper=each, at=now)
    for number, state in enumerate(Submission.State):
        Submission.objects.create(
            identifier=f"arxiv:2605.{number:05}",
            state=state,
            title=HOSTILE[number],
            name="N" * 60,
            reason="R" * 300,
            subscriber=alice,
            submitted_at=now,
            check_after=now,
        )
    readers = _readers(topics, now)
    mail = EmailMultiAlternatives(
        HOSTILE[4], "Text " + HOSTILE[4], "digest@example.org", [LONG_ADDRESS]
    )
    mail.attach_alternative(f"<h1>{HOSTILE[0]}</h1><p>{HOSTILE[4]}</p>", "text/html")
    mail.send()

    held = alice.pk, alice.link_version
    preferences = links.preferences_path(*held)
    change = alice.address_changes.create(new_email=LONG_ADDRESS, asked_at=now)
    saturday = day + dt.timedelta(days=5 - day.weekday())
    week, month = week_of(day), month_of(day)
    digest = links.token(Purpose.DIGEST, *held, delivery.pk)
    return {
        "home": "/",
        "home, of a topic": "/?topic=script",
        "home, of no topic": "/?topic=no-such-topic",
        "day": f"/day/{day}/",
        "empty day": f"/day/{saturday}/",
        "week": f"/week/{week}/",
        "month": f"/month/{month}/",
        "month, of a topic": f"/month/{month}/?topic=wide",
        "paper": shown.get_absolute_url(),
        "paper of few words": papers[12].get_absolute_url(),
        "topics": reverse("papers:topics"),
        "topic": topics[0].get_absolute_url(),
        "topic with tags": topics[1].get_absolute_url(),
        "topic, older": f"{topics[1].get_absolute_url()}?after=9999-12-31.1",
        "field": reverse("papers:field", args=["computer-science"]),
        "search": reverse("papers:search"),
        "search, found": "/search/?q=alert",
        "search, nothing": f"/search/?q={'w' * 200}",
        "search, elsewhere": "/search/?q=2401.00001",
        "issues": reverse("newsletter:issues"),
        "issue": issue.get_absolute_url(),
        "digest": f"/digest/{digest}/",
        "preview": "/preview/?everything=on",
        "preview of nothing": "/preview/",
        "sample": reverse("newsletter:sample"),
        "subscribe": reverse("subscriptions:subscribe"),
        "subscribe, filled in": "/subscribe/?topic=wide",
        "check inbox": reverse("subscriptions:check-inbox"),
        "embedded form": f"{reverse('subscriptions:embed')}?from={'W' * 50}",
        "embedded form, sent": reverse("subscriptions:embed-done"),
        "lost link": reverse("subscriptions:link"),
        "confirm": links.confirm_path(readers["dora"].pk, 1, now),
        "void link": links.preferences_path(alice.pk, 7),
        "welcome": reverse("subscriptions:welcome", args=[links.token(Purpose.PREFERENCES, *held)]),
        "preferences": preferences,
        "preferences, saved": f"{preferences}?saved=1",
        **{f"preferences of {name}": _preferences(each) for name, each in readers.items()},
        "learned": f"{preferences}learned/",
        "address": f"{preferences}address/",
        "void links": f"{preferences}links/",
        "erase": f"{preferences}erase/",
        "move from": links.move_path(Purpose.MOVE_FROM, *held, change.pk),
        "move to": links.move_path(Purpose.MOVE_TO, *held, change.pk),
        "move over": links.move_path(Purpose.MOVE_TO, *held, change.pk + 99),
        "moved": reverse("subscriptions:moved"),
        "links void": reverse("subscriptions:links-void"),
        "unsubscribe": links.unsubscribe_path(*held),
        "end daily": links.end_daily_path(*held),
        "keep": links.keep_path(*held),
        "goodbye": links.unsubscribe_path(readers["carl"].pk, 1),
        "erased": reverse("subscriptions:erased"),
        "feedback": links.feedback_path(*held, papers[4].pk, "more"),
        "save": links.save_path(*held, papers[4].pk),
        "interests": f"{preferences}interests/",
        "interest": f"{preferences}interests/{_followed(alice, papers[4], now)}/",
        "library": f"{preferences}interests/library/",
        "follow": reverse("subscriptions:follow"),
        "follow, remembered": reverse("subscriptions:follow"),
        "follow of a paper": reverse("subscriptions:follow-paper", args=[papers[4].pk]),
        "mute": links.mute_path(*held, papers[4].pk),
        "reading list": links.reading_list_path(*held),
        "no reading list": reverse("subscriptions:saved"),
        "submit": reverse("subscriptions:submit"),
        "submit, remembered": reverse("subscriptions:submit"),
        "upvote": reverse("subscriptions:upvote", args=[papers[4].pk]),
        "upvote, remembered": reverse("subscriptions:upvote", args=[papers[4].pk]),
        "remember": links.remember_path(*held),
        "about": reverse("papers:about"),
        "privacy": reverse("newsletter:privacy"),
        "api": reverse("api:reference"),
        "not found": "/nothing/",
        "mailbox": reverse("newsletter:mailbox"),
        "mails": reverse("newsletter:mails"),
        **{f"mail {name}": reverse("newsletter:variants", args=[name]) for name in NAMES[:2]},
    }


def _followed(reader: Subscriber, paper: Paper, now: dt.datetime) -> str:
    """The token of an interest with a hostile name; another waits, is paused or muted."""
    title = paper.title[:100]
    specs = [
        spec_of("words", phrases=["alert"], without=["plain"], sources=[]),
        spec_of("likeness", papers=[paper.pk]),
        spec_of("author", name=title),
    ]
    made = [following.follow(reader, spec, now, name=title).following for spec in specs]
    following.change(made[2], now, is_paused=True)
    following.mute(reader, spec_of("words", phrases=["hype"]), now, name=title)
    return made[0].token


def remembered() -> str:
    """The cookie of Alice's device."""
    alice = Subscriber.objects.get(email="alice@example.org")
    now = int(timezone.now().timestamp())
    return links.token(Purpose.REMEMBERED, alice.pk, alice.link_version, now)


def admin_paths() -> list[str]:
    """The admin's first page, and for each model its list, and its page of the newest object."""
    from django.contrib import admin

    paths = ["/admin/"]
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        paths.append(reverse(f"admin:{name}_changelist"))
        newest = model._default_manager.order_by("-pk").first()
        if newest is not None:
            paths.append(reverse(f"admin:{name}_change", args=[newest.pk]))
    return paths


def _readers(topics: list[Topic], now: dt.datetime) -> dict[str, Subscriber]:
    """One in each state that pages tell apart; Carl's address is a long one."""
    status = Subscriber.Status
    return {
        "dora": make_subscriber("dora@example.org", topics=topics, status=status.PENDING),
        "carl": make_subscriber(LONG_ADDRESS, topics=topics, status=status.LEFT, left_at=now),
        "erin": make_subscriber("erin@example.org", topics=topics, status=status.SUPPRESSED),
        "frank": make_subscriber(
            "frank@example.org",
            topics=topics,
            receives_by="feed",
            rhythm=Subscriber.Rhythm.WEEKLY,
            paused_until=now.date() + dt.timedelta(days=9),
        ),
    }


def _preferences(subscriber: Subscriber) -> str:
    return links.preferences_path(subscriber.pk, subscriber.link_version)
