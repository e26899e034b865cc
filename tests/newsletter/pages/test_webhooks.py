"""Where mail providers report: who may, what is stored, and what is answered."""

import base64
import datetime as dt
import json
import warnings

import pytest
from anymail.webhooks import amazon_ses
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError

from newsletter import tasks
from newsletter.events import consequences
from newsletter.logs import redact
from newsletter.mail.return_paths import hash_of
from newsletter.models import Delivery, Event
from newsletter.pages import webhooks
from subscriptions.models import Subscriber, Suppression
from tests.factories import NOW, make_delivery, make_issue, make_subscriber
from tests.newsletter.provider_events import (
    ALICE,
    ANYMAIL,
    EVENTS,
    PASSWORD,
    POSTAL,
    Said,
    post,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailWarning"),
]

HARD_BOUNCE = next(said for said in EVENTS if str(said) == "brevo-hard bounce")
BATCH = next(said for said in EVENTS if str(said) == "sendgrid-delivered")


@pytest.fixture(autouse=True)
def _configured(settings, monkeypatch, time_machine):
    time_machine.move_to(NOW + dt.timedelta(hours=1))
    settings.ANYMAIL = ANYMAIL
    settings.TRACK_OPENS = settings.TRACK_CLICKS = True
    monkeypatch.setattr(tasks.heed, "apply_async", lambda *_, **__: None)
    if isinstance(amazon_ses.boto3, amazon_ses._LazyError):
        # The library that confirms a subscription at Amazon is not installed; nothing else is
        # different without it.
        monkeypatch.setattr(amazon_ses, "_get_anymail_boto3_params", lambda **_: ({}, {}))


@pytest.fixture
def row():
    alice = make_subscriber(ALICE)
    return make_delivery(make_issue(), alice, state=Delivery.State.SENT, sent_at=NOW)


@pytest.fixture
def client():
    return Client(raise_request_exception=True)


@pytest.mark.parametrize("said", EVENTS, ids=str)
def test_every_providers_event_is_understood(client, row, said):
    assert post(client, said, row.pk).status_code == 200
    event = Event.objects.get()
    assert event.delivery_id == row.pk
    assert (event.kind, event.reject_reason, event.severity) == (
        said.kind,
        said.reason,
        said.severity,
    )
    assert event.address_hash == hash_of(ALICE)
    assert (
        event.at
        in (
            dt.datetime(2026, 6, 11, 8, 5, tzinfo=dt.UTC),
            dt.datetime(2026, 6, 11, 8, 5, 0, 500_000, tzinfo=dt.UTC),
        )
        or said.provider == "amazon_ses"
    )
    assert ALICE not in json.dumps(list(Event.objects.values()), default=str).lower()


def test_every_provider_is_covered_but_for_postal_which_has_a_test_of_its_own():
    assert {said.provider for said in EVENTS} | {"postal"} == set(webhooks.PROVIDERS)


@pytest.mark.parametrize("said", POSTAL, ids=str)
def test_postals_events_are_understood(client, row, said, settings):
    why = "Anymail checks Postal's signature with it"
    base = "cryptography.hazmat.primitives"
    hashes, serialization, padding, rsa = (
        pytest.importorskip(f"{base}.{name}", reason=why)
        for name in ("hashes", "serialization", "asymmetric.padding", "asymmetric.rsa")
    )
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    settings.ANYMAIL = ANYMAIL | {"POSTAL_WEBHOOK_KEY": "".join(public.decode().split("\n")[1:-2])}
    body = json.dumps(said.payload(row.pk)).encode()
    signature = key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    headers = {"X-Postal-Signature": base64.b64encode(signature).decode()}
    assert post(client, said, row.pk, body=body, headers=headers).status_code == 200
    event = Event.objects.get()
    assert (event.kind, event.severity) == (said.kind, said.severity)
    assert event.delivery_id == row.pk
    headers = {"X-Postal-Signature": base64.b64encode(signature[::-1]).decode()}
    assert post(client, said, row.pk, body=body, headers=headers).status_code == 403


@pytest.mark.parametrize("said", EVENTS, ids=str)
def test_the_same_event_counts_once(client, row, said):
    for _ in range(3):
        assert post(client, said, row.pk).status_code == 200
    assert Event.objects.count() == 1


class TestForged:
    """Nothing is stored unless address, password and signature are right."""

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"secret": "0" * 24}, 404),
            ({"secret": "postmark"}, 404),
            ({"password": ""}, 401),
            ({"password": "hook:wrong"}, 401),
            ({"password": "hook"}, 401),
            ({"headers": {"Authorization": "Bearer s3cret"}}, 401),
            ({"headers": {"Authorization": "Basic %%%"}}, 401),
        ],
    )
    @pytest.mark.parametrize("said", EVENTS[::7], ids=str)
    def test_without_address_and_password(self, client, row, said, changes, status):
        response = post(client, said, row.pk, **changes)
        assert response.status_code == status
        assert not Event.objects.exists()
        if status == 401:  # Amazon SNS sends a password only when asked
            assert response["WWW-Authenticate"].startswith("Basic")

    @pytest.mark.parametrize(
        ("provider", "headers"),
        [
            ("mailersend", {"Signature": "0" * 64}),
            ("mandrill", {"X-Mandrill-Signature": "AAAA"}),
            ("amazon_ses", {"X-Amz-Sns-Message-Id": "another"}),
        ],
    )
    def test_with_a_wrong_signature(self, client, row, provider, headers):
        said = next(one for one in EVENTS if one.provider == provider)
        assert post(client, said, row.pk, headers=headers).status_code == 403
        assert not Event.objects.exists()

    @pytest.mark.parametrize("provider", ["mailgun", "mailersend", "mandrill", "unisender_go"])
    def test_signed_with_another_key(self, client, row, provider, settings):
        said = next(one for one in EVENTS if one.provider == provider)
        settings.ANYMAIL = {name: f"{value}!" for name, value in ANYMAIL.items()} | {
            "WEBHOOK_SECRET": PASSWORD
        }
        assert post(client, said, row.pk).status_code == 403
        assert not Event.objects.exists()

    def test_get_tells_nothing(self, client):
        assert client.get(f"/webhooks/{'0' * 24}/brevo/", secure=True).status_code == 404
        address = f"/webhooks/{webhooks.path_secrets()[0]}/brevo/"
        assert client.get(address, secure=True).status_code == 405

    def test_the_old_address_is_gone(self, client, row):
        assert client.post("/anymail/brevo/tracking/", secure=True).status_code == 404

    def test_incoming_mail_has_no_address(self, client):
        secret = webhooks.path_secrets()[0]
        assert client.post(f"/webhooks/{secret}/mailgun/inbound/", secure=True).status_code == 404


def test_without_a_password_nothing_is_taken_in_production(client, row, settings):
    settings.ANYMAIL = {}
    assert post(client, HARD_BOUNCE, row.pk).status_code == 503
    assert not Event.objects.exists()
    settings.DEBUG = True
    assert post(client, HARD_BOUNCE, row.pk).status_code == 200


def test_several_passwords_may_hold_while_one_replaces_the_other(client, row, settings):
    settings.ANYMAIL = ANYMAIL | {"WEBHOOK_SECRET": ["new:one", PASSWORD]}
    assert post(client, HARD_BOUNCE, row.pk).status_code == 200
    assert post(client, HARD_BOUNCE, row.pk, password="new:one").status_code == 200
    assert post(client, HARD_BOUNCE, row.pk, password="old:one").status_code == 401


def test_the_address_survives_a_change_of_the_secret_key(client, row, settings):
    before = webhooks.path_secrets()[0]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10
    assert webhooks.path_secrets()[0] != before
    assert post(client, HARD_BOUNCE, row.pk, secret=before).status_code == 200


def test_no_log_shows_the_address():
    assert webhooks.path_secrets()[0] not in redact(
        f"POST /webhooks/{webhooks.path_secrets()[0]}/x/"
    )


def test_an_unconfigured_provider_is_asked_to_come_again(client, row, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": PASSWORD}
    said = next(one for one in EVENTS if one.provider == "mailersend")
    assert post(client, said, row.pk).status_code == 503


@pytest.mark.parametrize("said", EVENTS[::6], ids=str)
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"[null]", b"7", b'"x"', b"\xff\xfe", b'{"event": ["x"]}',
     b'[{"event": {}}]', b"[" * 3000, b'{"Type": 5}'],
)  # fmt: skip
def test_nonsense_is_a_400_or_nothing_and_never_a_500(client, row, said, body):
    response = post(client, said, row.pk, body=body)
    assert response.status_code in (200, 400, 403)
    assert not Event.objects.filter(delivery=row).exists()


@pytest.mark.parametrize(
    "given", ["0", "-1", "x", "9" * 40, "9" * 5000, "1; DROP TABLE", True, 1.5, [1], {}, None, ""]
)
def test_an_event_for_no_delivery_of_ours_is_stored_and_harmless(client, row, given):
    def payload(_):
        return BATCH.payload(0)[0] | {"delivery_id": given, "event": "spamreport", "smtp-id": "x"}

    said = Said("sendgrid", "odd", lambda _: [payload(0)], "complained")
    assert post(client, said, row.pk).status_code == 200
    assert Event.objects.get().delivery is None
    consequences.process(NOW)
    assert not Suppression.objects.exists()
    assert Subscriber.objects.get().status == Subscriber.Status.ACTIVE


@pytest.mark.parametrize("text", ["\x00", "\ud800", "a\r\nb", "x" * 5000, "🦋" * 400, "\u202e"])
def test_odd_characters_do_no_harm(client, row, text):
    odd = BATCH.payload(row.pk)[0] | {
        "event": "bounce", "sg_event_id": text, "reason": text, "email": text, "category": [text]
    }  # fmt: skip
    said = Said("sendgrid", "odd", lambda _: [odd], "bounced")
    assert post(client, said, row.pk).status_code == 200
    consequences.process(NOW)
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("stamp", [0, -1, 10**9, 10**11])
def test_a_clock_that_is_wrong_is_not_believed(client, row, stamp):
    odd = BATCH.payload(row.pk)[0] | {"timestamp": stamp}
    assert post(client, Said("sendgrid", "odd", lambda _: [odd], ""), row.pk).status_code == 200
    event = Event.objects.get()
    assert event.at <= event.received_at
    assert event.at.year >= 2001


def test_a_thousand_events_in_one_request_cost_as_many_statements_as_one(client, row):
    counts = []
    for size in (1, 1000):
        events = [
            BATCH.payload(row.pk)[0] | {"sg_event_id": f"{size}-{number}"} for number in range(size)
        ]
        said = Said("sendgrid", "batch", lambda _, events=events: events, "delivered")
        with CaptureQueriesContext(connection) as queries:
            assert post(client, said, row.pk).status_code == 200
        counts.append([q["sql"] for q in queries if "INSERT" in q["sql"] or "SELECT" in q["sql"]])
    assert Event.objects.count() == 1001
    if connection.vendor == "postgresql":
        assert len(counts[0]) == len(counts[1]) == 2


def test_a_batch_of_more_than_djangos_limit_for_forms_is_taken(client, row, settings):
    events = [
        BATCH.payload(row.pk)[0] | {"sg_event_id": str(n), "x": "y" * 900} for n in range(3500)
    ]
    body = json.dumps(events).encode()
    assert len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert post(client, BATCH, row.pk, body=body).status_code == 200
    assert Event.objects.count() == 3500


def test_too_much_is_refused(client, row, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST_BYTES", 100)
    assert post(client, BATCH, row.pk).status_code == 413
    assert not Event.objects.exists()


def test_opens_and_clicks_are_not_kept_unless_the_operator_chose_so(client, row, settings):
    settings.TRACK_OPENS = settings.TRACK_CLICKS = False
    for said in EVENTS:
        if said.kind in ("opened", "clicked"):
            assert post(client, said, row.pk).status_code == 200
    assert not Event.objects.exists()


def test_a_worker_is_called_and_its_absence_costs_nothing(client, row, monkeypatch):
    calls = []
    monkeypatch.setattr(tasks.heed, "apply_async", lambda *_, **options: calls.append(options))
    # Tests beside this one have Redis in common with it.
    own = LocMemCache("wakes", {})
    own.clear()
    monkeypatch.setattr(webhooks, "cache", own)
    for said in EVENTS[:5]:
        post(client, said, row.pk)
    assert len(calls) == 1

    def broken(*_, **__):
        raise OperationalError("no broker")

    own.clear()
    monkeypatch.setattr(tasks.heed, "apply_async", broken)
    assert post(client, HARD_BOUNCE, row.pk).status_code == 200
    assert Event.objects.filter(severity="hard").exists()


def test_amazons_subscription_is_confirmed_with_the_password_only(client, row, monkeypatch):
    confirmed = []
    monkeypatch.setattr(
        amazon_ses.AmazonSESBaseWebhookView,
        "auto_confirm_sns_subscription",
        lambda view, message: confirmed.append(message["TopicArn"]),
    )
    message = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "m",
        "Token": "t",
        "TopicArn": "arn:aws:sns:eu-west-1:1:ses",
        "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/",
    }
    said = Said("amazon_ses", "confirmation", lambda _: message, "")
    assert post(client, said, row.pk, password="").status_code == 401
    assert confirmed == []
    assert post(client, said, row.pk).status_code == 200
    assert confirmed == ["arn:aws:sns:eu-west-1:1:ses"]


def test_the_command_prints_the_address_to_paste(row, settings, capsys, client):
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    call_command("webhook_urls")
    printed = capsys.readouterr().out
    address = next(line.split()[-1] for line in printed.splitlines() if "https://" in line)
    assert address == webhooks.url_of("postmark")
    assert address.startswith(f"https://{PASSWORD}@papers.example.org/webhooks/")
    path = address.partition("papers.example.org")[2]
    assert client.head(path, secure=True).status_code == 200
    call_command("webhook_urls", "--all", "--json")
    assert set(json.loads(capsys.readouterr().out)) == set(webhooks.PROVIDERS)


def test_the_command_says_what_is_missing(settings):
    settings.ANYMAIL = {}
    with pytest.raises(Exception, match="WEBHOOK_SECRET"):
        call_command("webhook_urls")


def test_no_warning_of_anymail_is_lost_on_us(client, row):
    """Its views warn where they would be open; behind our password they are not."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        post(client, HARD_BOUNCE, row.pk)
    assert not [one for one in caught if "insecure" in str(one.message)]
