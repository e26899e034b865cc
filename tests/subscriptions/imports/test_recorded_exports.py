"""The exports that other programs write, as they were recorded: who may be emailed, and who not."""

import datetime as dt
from contextlib import suppress
from pathlib import Path

import pytest

from subscriptions.addresses import address_hash
from subscriptions.imports.files import UnreadableFile
from subscriptions.models import Consent, Subscriber, Suppression
from tests.factories import NOW, make_topic

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "sources" / "subscribers"

pytestmark = pytest.mark.skipif(
    not RECORDED.is_dir(), reason=f"the recorded exports are not there: {RECORDED}"
)


def people(*numbers):
    return {f"person{number}@example.org" for number in numbers}


#: File, the profile it is known by, who becomes a reader, and who must never be emailed.
EXPORTS = [
    ("mailchimp_subscribed.csv", "mailchimp", people(*range(1, 6)), set()),
    ("mailchimp_unsubscribed.csv", "mailchimp", set(), people(*range(1, 6))),
    ("mailchimp_cleaned.csv", "mailchimp", set(), people(*range(1, 6))),
    (
        "substack_email_list_2025.csv",
        "substack",
        people(1, 2),
        {"someone@example.org"},
    ),
    (
        "substack_paid_2021.csv",
        "substack",
        people(1, 2, 3, *range(5, 15), 16),
        people(4, 15),
    ),
    ("ghost_members_export.csv", "ghost", people(1), people(2)),
    ("beehiiv_members.csv", "beehiiv", people(1, 2, 6, 7, 9), people(3, 4, 8)),
    ("listmonk_export.csv", "listmonk", people(1), people(2)),
    ("kit_convertkit_export.csv", "kit", people(1), people(2, 3)),
    ("brevo_export_semicolon.csv", "brevo", people(1), people(2)),
    ("activecampaign_export.csv", "other", set(), people(1)),
    ("squarespace_mailing_list.csv", "other", people(1), set()),
]


@pytest.mark.parametrize(
    ("file", "profile", "active", "never"), EXPORTS, ids=[export[0] for export in EXPORTS]
)
def test_whom_an_export_brings_and_whom_never(bring, file, profile, active, never):
    run = bring((RECORDED / file).read_bytes(), name=file)

    assert run.profile == profile
    assert run.state == "done"
    assert set(Subscriber.objects.values_list("email", flat=True)) == active
    assert not Subscriber.objects.exclude(status="active").exists()
    hashes = set(Suppression.objects.values_list("address_hash", flat=True))
    assert hashes == {address_hash(email) for email in never}


@pytest.mark.parametrize("profile", ["mailchimp", "kit", "other"])
def test_no_profile_lets_email_go_to_who_left(bring, profile):
    for file in ("mailchimp_unsubscribed.csv", "kit_convertkit_export.csv"):
        with suppress(UnreadableFile):  # so says a profile that wants other columns
            bring((RECORDED / file).read_bytes(), profile)

    assert not Subscriber.objects.filter(email__in=people(2, 3), status="active").exists()


@pytest.mark.parametrize(
    ("file", "given"),
    [
        ("mailchimp_subscribed.csv", dt.datetime(2023, 4, 21, 9, 16, 57, tzinfo=dt.UTC)),
        ("substack_email_list_2025.csv", dt.datetime(2025, 1, 1, tzinfo=dt.UTC)),
        ("ghost_members_export.csv", dt.datetime(2024, 1, 15, 10, tzinfo=dt.UTC)),
        ("beehiiv_members.csv", dt.datetime(2023, 3, 24, 10, 23, 10, tzinfo=dt.UTC)),
        ("listmonk_export.csv", dt.datetime(2024, 3, 1, 9, 30, 0, 123456, tzinfo=dt.UTC)),
        ("kit_convertkit_export.csv", dt.datetime(2022, 9, 10, 11, 12, 13, tzinfo=dt.UTC)),
        ("brevo_export_semicolon.csv", dt.datetime(2022, 4, 12, 7, 30, tzinfo=dt.UTC)),
        ("curated_subscribers.csv", dt.datetime(2021, 2, 4, 7, 55, 20, tzinfo=dt.UTC)),
    ],
)
def test_the_date_of_consent_is_kept_with_its_source(bring, file, given):
    run = bring((RECORDED / file).read_bytes(), name=file, date_zone="Europe/Berlin")

    consent = Consent.objects.get(subscriber__email="person1@example.org")
    assert consent.given_at == given
    assert consent.action == "imported"
    assert consent.at == NOW
    assert consent.wording.startswith("I declare")
    assert all(part in consent.source for part in (file, run.file_hash[:16], "line 2"))


def test_tags_lead_to_topics_however_they_are_quoted(bring):
    editors = make_topic("Lorem Editors", slug="lorem-editors")
    vip = make_topic("Very important", slug="important")

    bring((RECORDED / "mailchimp_subscribed.csv").read_bytes())
    bring((RECORDED / "ghost_members_export.csv").read_bytes().replace(b"person1", b"alice"))
    bring(
        (RECORDED / "ghost_members_export.csv").read_bytes().replace(b"person1", b"bob"),
        topics={"VIP": "important"},
    )

    followers = set(editors.subscribers.values_list("email", flat=True))
    assert followers == people(2, 3, 4, 5)
    assert set(vip.subscribers.values_list("email", flat=True)) == {"bob@example.org"}
    assert Subscriber.objects.get(email="alice@example.org").top_papers


def test_lines_that_are_wrong_are_named_in_the_report(bring, report):
    run = bring((RECORDED / "curated_subscribers.csv").read_bytes())

    wrong = {line: why for line, (what, why) in report(run).items() if what == "invalid"}
    assert wrong == {
        5: "the domain isn't a public one",
        10: "this isn't an email address",
    }
    assert Subscriber.objects.count() == 18


def test_excel_with_bom_and_semicolons(bring):
    bring((RECORDED / "keila_excel.csv").read_bytes())

    assert Subscriber.objects.filter(email="foo-1@example.com").exists()
