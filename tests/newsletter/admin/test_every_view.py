"""Every address of the admin, walked as people with few rights: they see and do what is theirs.

What each role may do stands here by itself; it is not asked of the admin.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from newsletter.api.tokens import make_token
from newsletter.models import (
    ApiToken,
    ApiWrite,
    DailyCount,
    Delivery,
    Event,
    Issue,
    IssueDraft,
    Letter,
    Trouble,
    Webhook,
    WebhookEvent,
    WebhookMessage,
)
from papers import audit
from papers.matching.interests.specs import spec_of
from papers.models import (
    Acronym,
    AuditEntry,
    BulkAction,
    Feature,
    FittedModel,
    Join,
    Match,
    Paper,
    Pick,
    Site,
    Source,
    Topic,
)
from subscriptions.admin.interests import FEWEST
from subscriptions.interests import following
from subscriptions.models import (
    ImportRun,
    Interest,
    Notice,
    ReaderExport,
    Submission,
    Subscriber,
    Suppression,
    TopicChange,
)
from tests.admin_pages import staff
from tests.factories import DAY, NOW, make_notice, make_paper, make_subscriber
from tests.made_once import until_the_end
from tests.newsletter.admin.conftest import make_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rows")]

# Which of "add", "change" and "delete" there is at all, for whoever has the permission.
POSSIBLE = {
    Acronym: "add change delete",
    AuditEntry: "",
    BulkAction: "",
    Join: "",
    Match: "add change delete",
    Paper: "add change",
    Pick: "add change delete",
    FittedModel: "delete",
    Topic: "add change delete",
    Site: "change",
    Source: "add change",
    Feature: "",
    Submission: "delete",
    Subscriber: "change delete",
    Suppression: "add delete",
    Event: "",
    Delivery: "",
    Issue: "change",
    Letter: "add change delete",
    IssueDraft: "add change delete",
    Notice: "",
    ImportRun: "add",
    Interest: "",
    ReaderExport: "",
    TopicChange: "add",
    Trouble: "",
    ApiToken: "add change",
    ApiWrite: "",
    Webhook: "add change delete",
    WebhookMessage: "",
}
NAMES = {model._meta.label_lower: model for model in POSSIBLE}

SUPERUSER = "superuser"
ROLES = [
    "nobody",
    *(
        f"{verb} {name}"
        for name, model in NAMES.items()
        for verb in ("view", "change")
        if verb in model._meta.default_permissions
    ),
    SUPERUSER,
]

# Django's own, for all who may log in; what each says of the models is in the tests below.
FOR_ALL_STAFF = {
    *("index", "search", "login", "logout", "password_change", "password_change_done", "jsi18n"),
    *("autocomplete", "view_on_site", "app_list", "None"),
}


@pytest.fixture(scope="module")
def rows(django_db_setup, django_db_blocker) -> Iterator[dict[Any, Any]]:
    """One row of each model."""
    with until_the_end(django_db_blocker):
        yield make_rows(make_row())


def make_rows(row: Delivery) -> dict[Any, Any]:
    paper, subscriber = Paper.objects.get(), row.subscriber
    assert subscriber is not None
    Pick.objects.create(day=DAY, paper=make_paper(), kind=Pick.Kind.PIN)
    Acronym.objects.create(short="vlm", stems="vision languag model", long="vision language model")
    Join.objects.create(first=make_paper(), second=paper, state=Join.State.QUESTION)
    FittedModel.objects.create(version="2026061008", started_at=NOW, data=b"x")
    Event.objects.create(
        delivery=row, provider="Test", event_id="1", kind="sent", at=NOW, received_at=NOW
    )
    Submission.objects.create(
        identifier="arxiv:2606.99999",
        state=Submission.State.WAITING,
        subscriber=subscriber,
        submitted_at=NOW,
        check_after=NOW,
    )
    Suppression.objects.add_address("bob@example.org", Suppression.Reason.REQUEST, NOW)
    make_notice(subscriber, state=Notice.State.FAILED)
    ImportRun.objects.create(
        profile="other", file_name="a.csv", file_size=1, created_at=NOW, state=ImportRun.State.DONE
    )
    ReaderExport.objects.create(what="readers", by="alice", at=NOW)
    for number in range(FEWEST):
        reader = make_subscriber(f"reader{number}@example.org")
        following.follow(reader, spec_of("words", phrases=["state of charge"]), NOW)
    BulkAction.objects.create(
        kind="subscriptions.unsubscribe",
        words="Unsubscribe",
        model="subscriptions.subscriber",
        total=3,
        made_at=NOW,
    )
    Trouble.objects.create(key="test", text="Something fails.", since=NOW, seen_at=NOW)
    token, _ = make_token("Shop", ["papers:read"], "alice", NOW)
    ApiWrite.objects.create(token=token, made_by="alice", at=NOW, action="topic.added", target="x")
    webhook = Webhook.objects.create(
        name="Shop", url="https://shop.example.org/", kinds=["issue.sent"], created_at=NOW
    )
    event = WebhookEvent.objects.create(kind="issue.sent", at=NOW, data={})
    WebhookMessage.objects.create(webhook=webhook, event=event, not_before=NOW)
    Issue.objects.update(state=Issue.State.PAUSED)
    IssueDraft.objects.create(day=DAY, subject="Robots read")
    TopicChange.objects.create(words="Robots ended", made_at=NOW)
    Site.objects.create(name="Morning Paper")
    somebody = User.objects.create_user("somebody")
    audit.record(somebody, "changed", [*Topic.objects.all(), *Topic.objects.all()])
    texts = {"en": {"subject": "A word", "body": "Of ours."}}
    Letter.objects.create(title="A word", texts=texts, made_at=NOW)
    found = {model: model._default_manager.order_by("pk").first() for model in POSSIBLE}
    assert all(found.values())
    assert found[Paper] == paper
    return found


def person(role: str) -> Client:
    """The browser of somebody on the staff in this role."""
    if role == SUPERUSER:
        return staff(is_superuser=True)
    if role == "nobody":
        return staff()
    verb, _, name = role.partition(" ")
    app, _, model = name.partition(".")
    return staff(f"{app}.{verb}_{model}")


def may(role: str, verb: str, model: Any) -> bool:
    """Whether the role has a permission of this model's; who may change may view."""
    wanted = {f"{verb} {model._meta.label_lower}"}
    if verb == "view":
        wanted.add(f"change {model._meta.label_lower}")
    return role == SUPERUSER or role in wanted


def url_names() -> set[str]:
    """The names of all addresses of the admin."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Any:
        for each in patterns:
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns)
            else:
                yield str(each.name)

    return set(walk(admin.site.urls[0]))


def expected(role: str, rows: dict[Any, Any]) -> dict[str, tuple[str, list[int]]]:
    """The address behind each name of a view, and the answers that it may give to the role."""
    found: dict[str, tuple[str, list[int]]] = {}
    for model, one in rows.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        sees = [200] if may(role, "view", model) else [403]
        for kind in ("changelist", "history", "change"):
            at = [] if kind == "changelist" else [one.pk]
            found[f"{name}_{kind}"] = reverse(f"admin:{name}_{kind}", args=at), sees
        for kind in ("add", "delete"):
            is_possible = kind in POSSIBLE[model] and may(role, kind, model)
            at = [] if kind == "add" else [one.pk]
            found[f"{name}_{kind}"] = (
                reverse(f"admin:{name}_{kind}", args=at),
                [200] if is_possible else [403],
            )
    # A preview is a POST; asked for by GET it leads to the form.
    topic = [302] if may(role, "change", Topic) else [403]
    found["papers_topic_preview"] = (
        reverse("admin:papers_topic_preview", args=[rows[Topic].pk]),
        topic,
    )
    found["papers_topic_preview_add"] = (
        reverse("admin:papers_topic_preview_add"),
        [302] if role == SUPERUSER else [403],
    )
    # Leads back to the action's page.
    found["papers_bulkaction_stop"] = (
        reverse("admin:papers_bulkaction_stop", args=[rows[BulkAction].pk]),
        [302] if may(role, "change", BulkAction) else [403],
    )
    found["papers_topic_packs"] = (
        reverse("admin:papers_topic_packs"),
        [200] if role == SUPERUSER else [403],
    )
    # There is one row, and its list leads to it; a preview is a POST.
    sees = [302] if may(role, "view", Site) else [403]
    found["papers_site_changelist"] = reverse("admin:papers_site_changelist"), sees
    found["papers_site_preview"] = (
        reverse("admin:papers_site_preview"),
        [405] if may(role, "change", Site) else [403],
    )
    # Trying and fetching are POSTs, which lead back to the form.
    for name in ("papers_source_try", "papers_source_fetch", "papers_source_token"):
        found[name] = (
            reverse(f"admin:{name}", args=[rows[Source].pk]),
            [302] if may(role, "change", Source) else [403],
        )
    found["papers_source_opml"] = (
        reverse("admin:papers_source_opml"),
        [200] if role == SUPERUSER else [403],
    )
    found["subscriptions_notice_resend_one"] = (
        reverse("admin:subscriptions_notice_resend_one", args=[rows[Notice].pk]),
        [200] if may(role, "change", Notice) else [403],
    )
    for view in ("send_test", "show_secret", "rotate_secret"):
        found[f"newsletter_webhook_{view}"] = (
            reverse(f"admin:newsletter_webhook_{view}", args=[rows[Webhook].pk]),
            [200] if may(role, "change", Webhook) else [403],
        )
    found["newsletter_apitoken_revoke"] = (
        reverse("admin:newsletter_apitoken_revoke", args=[rows[ApiToken].pk]),
        [200] if may(role, "change", ApiToken) else [403],
    )
    # The issue doesn't wait, so there is nothing to decide.
    for name in ("newsletter_issue_approve", "newsletter_issue_drop"):
        found[name] = (
            reverse(f"admin:{name}", args=[rows[Issue].pk]),
            [302] if may(role, "change", Issue) else [403],
        )
    # A form of the start page, which leads back there.
    found["newsletter_issuedraft_arrange"] = (
        reverse("admin:newsletter_issuedraft_arrange", args=["2026-12-01"]),
        [302] if role == SUPERUSER else [403],
    )
    found["newsletter_issue_example"] = (
        reverse("admin:newsletter_issue_example", args=[rows[Issue].pk]),
        [200] if may(role, "view", Issue) else [403],
    )
    found["newsletter_issuedraft_example"] = (
        reverse("admin:newsletter_issuedraft_example", args=[DAY]),
        [200] if may(role, "view", IssueDraft) else [403],
    )
    for name, verb in (
        ("look", "view"), ("submit", "change"), ("pause_one", "change"), ("resume_one", "change"),
        ("stop_one", "change"),
    ):  # fmt: skip
        found[f"newsletter_letter_{name}"] = (
            reverse(f"admin:newsletter_letter_{name}", args=[rows[Letter].pk]),
            [200] if may(role, verb, Letter) else [403],
        )
    # A permission of its own.
    found["newsletter_letter_approve"] = (
        reverse("admin:newsletter_letter_approve", args=[rows[Letter].pk]),
        [200] if role == SUPERUSER else [403],
    )
    for name in ("correct", "pause_one", "resume_one", "stop_one"):
        found[f"newsletter_issue_{name}"] = (
            reverse(f"admin:newsletter_issue_{name}", args=[rows[Issue].pk]),
            [200] if may(role, "change", Issue) else [403],
        )
    found["newsletter_issue_correct_place"] = (
        reverse(
            "admin:newsletter_issue_correct_place",
            args=[rows[Issue].pk, rows[Issue].places.first().pk],
        ),
        [200] if may(role, "change", Issue) else [403],
    )
    # These two want permissions of two models.
    both = [200] if role == SUPERUSER else [403]
    for name, model in (
        ("newsletter_issue_preview", Issue),
        ("newsletter_issue_why_not", Issue),
        ("newsletter_delivery_resend_one", Delivery),
    ):
        found[name] = reverse(f"admin:{name}", args=[rows[model].pk]), both
    found["newsletter_delivery_why_not"] = reverse("admin:newsletter_delivery_why_not"), both
    found["papers_paper_desk"] = (
        reverse("admin:papers_paper_desk", args=[rows[Paper].pk]),
        [200] if may(role, "view", Paper) else [403],
    )
    for name, done in (("start", 302), ("stop", 302), ("report", 200)):
        is_seen = may(role, "view", ImportRun) if name == "report" else role == SUPERUSER
        found[f"subscriptions_importrun_{name}"] = (
            reverse(f"admin:subscriptions_importrun_{name}", args=[rows[ImportRun].pk]),
            [done] if is_seen else [403],
        )
    found["subscriptions_subscriber_forms"] = (
        reverse("admin:subscriptions_subscriber_forms"),
        [200] if may(role, "view", Subscriber) else [403],
    )
    found["subscriptions_readerexport_download"] = (
        reverse("admin:subscriptions_readerexport_download"),
        [302] if role == SUPERUSER else [403],
    )
    # Each wants a permission of its own, which nobody has by seeing or changing rows.
    for name, done in (("status", 200), ("test_alert", 302)):
        answers = [done] if role == SUPERUSER else [403]
        found[f"newsletter_trouble_{name}"] = reverse(f"admin:newsletter_trouble_{name}"), answers
    for name, at in (("changelist", []), ("issue", [rows[Issue].pk]), ("topic", ["t-agents"])):
        found[f"newsletter_dailycount_{name}"] = (
            reverse(f"admin:newsletter_dailycount_{name}", args=at),
            [200] if role == SUPERUSER else [403],
        )
    # An entry of another object leads nowhere.
    for model in POSSIBLE:
        name = f"{model._meta.app_label}_{model._meta.model_name}_restore"
        if getattr(admin.site._registry[model], "restorable", ()):
            answers = [404] if may(role, "change", model) else [403]
            at = [rows[model].pk, 0]
            found[name] = reverse(f"admin:{name}", args=at), answers
    for name in url_names() - set(found) - FOR_ALL_STAFF:
        assert re.match("(auth|axes)_", name), f"{name} is walked by no test"
        at = [] if name.endswith(("changelist", "add", "roles")) else [1]
        at += [0] if name.endswith("restore") else []
        # There is no such row; Django leads back to the index from some of its pages.
        answers = [200, 302, 403, 404] if role == SUPERUSER else [302, 403, 404]
        found[name] = reverse(f"admin:{name}", args=at), answers
    return found


def everything() -> dict[str, list[Any]]:
    """All rows of our models, as the database has them."""
    return {
        name: list(model._default_manager.order_by("pk").values()) for name, model in NAMES.items()
    }


def test_every_model_of_ours_is_in_the_table():
    ours = {m for m in admin.site._registry if m._meta.app_label not in ("auth", "axes")}
    assert ours == {*POSSIBLE, DailyCount}  # which has pages, and shows no row


@pytest.mark.parametrize("role", ROLES)
def test_a_page_opens_for_whom_it_is_for(role, rows):
    browser = person(role)
    table = expected(role, rows)
    assert set(table) | FOR_ALL_STAFF == url_names()
    wrong = []
    for name, (path, answers) in table.items():
        status = browser.get(path).status_code
        if status not in answers:
            wrong.append((name, status, answers))
    assert not wrong


@pytest.mark.parametrize("role", ROLES)
def test_nothing_changes_for_who_may_not_change_it(role, rows):
    """Every address and every action of every list is sent a form, also where none is shown."""
    browser = person(role)
    before = everything()
    for model, one in rows.items():
        if may(role, "change", model):
            continue  # what they do with their own model is theirs
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        pages = {
            path
            for view, (path, _) in expected(role, rows).items()
            if view.startswith(name) and "history" not in view
        }
        actions = {*admin.site._registry[model].actions, "delete_selected"}
        forms = [
            *((path, {"post": "yes", "_save": "Save", "email": "c@example.org"}) for path in pages),
            *(
                (reverse(f"admin:{name}_changelist"), {"action": action, "reason": "no"})
                for action in actions
            ),
        ]
        for path, form in forms:
            browser.post(path, form | {"_selected_action": [str(one.pk)]})
    after = everything()
    assert [name for name, held in before.items() if after[name] != held] == []
    assert AuditEntry.objects.count() <= 1


@pytest.mark.parametrize("role", ROLES)
def test_nobody_finds_rows_by_typing_whose_list_they_may_not_see(role):
    browser = person(role)
    for model, field, about in (
        (Match, "topic", Topic),
        (Match, "paper", Paper),
        (Pick, "paper", Paper),
    ):
        query = {
            "app_label": model._meta.app_label,
            "model_name": str(model._meta.model_name),
            "field_name": field,
            "term": "a",
        }
        answer = browser.get(reverse("admin:autocomplete"), query)
        assert answer.status_code == (200 if may(role, "view", about) else 403), (model, field)


@pytest.mark.parametrize("role", ROLES)
def test_the_index_and_each_app_name_the_models_that_one_may_see(role):
    browser = person(role)
    seen = {model for model in POSSIBLE if may(role, "view", model)}
    for app in ("papers", "subscriptions", "newsletter"):
        page = browser.get(reverse("admin:app_list", args=[app]))
        theirs = {model for model in seen if model._meta.app_label == app}
        assert page.status_code == (200 if theirs else 404)
        if theirs:
            listed = {each["model"] for each in page.context["app_list"][0]["models"]}
            assert listed == theirs


@pytest.mark.parametrize("kind", ["anonymous", "reader"])
def test_who_is_not_on_the_staff_is_asked_to_log_in(kind, rows, django_user_model):
    browser = Client()
    if kind == "reader":
        user = django_user_model.objects.create_user("reader")
        browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    for name, (path, _) in expected(SUPERUSER, rows).items():
        for answer in (browser.get(path), browser.post(path)):
            assert answer.status_code == 302, name
            assert answer["Location"].startswith(reverse("admin:login")), name
