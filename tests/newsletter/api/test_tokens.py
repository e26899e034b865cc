"""Who is let in, how often, and what answers where one is not."""

import datetime as dt

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from newsletter.api.tokens import make_token
from newsletter.api.urls import api
from newsletter.models import ApiToken
from newsletter.models.api import SCOPES
from papers import site
from tests.factories import NOW
from tests.newsletter.api.conftest import Program

pytestmark = pytest.mark.django_db

with site.shown_with(site.EMPTY):  # no test has a database yet
    PATHS = api.get_openapi_schema(path_prefix="api/v1")["paths"]
EXAMPLES = {"paper_id": "1", "subscriber_id": "1", "slug": "robots", "day": "2026-06-10"}
EXAMPLES |= {"address_hash": "a" * 32, "month": "2026-06"}
OPERATIONS = [
    (method.upper(), path.removeprefix("/api/v1").format(**EXAMPLES), found["x-scope"])
    for path, methods in PATHS.items()
    for method, found in methods.items()
]


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS)
def test_an_operation_takes_a_token_with_its_own_scope(method, path, scope, program):
    for found, status in (
        (Program(), 401),
        (Program("bsk_unknown"), 401),
        (program(*set(SCOPES) - {scope}), 403),
    ):
        answer = found(method, path, {})
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert not answer.cookies
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert program(scope)(method, path, {}).status_code not in (401, 403)


def test_every_scope_but_that_of_addresses_opens_an_operation():
    assert {scope for _, _, scope in OPERATIONS} == set(SCOPES) - {"addresses:read"}


@pytest.mark.parametrize("how", ["expired", "revoked", "in a cookie", "as basic", "logged in"])
def test_only_a_valid_token_in_its_header_counts(how, django_user_model):
    row, text = make_token("Shop", ["papers:read"], "alice", NOW, NOW + dt.timedelta(hours=1))
    client, headers = Client(), {"Authorization": f"Bearer {text}"}
    later = NOW
    if how == "expired":
        later += dt.timedelta(hours=1)
    elif how == "revoked":
        assert row.revoke(NOW, "bob")
        assert not row.revoke(NOW, "bob")
    elif how == "in a cookie":
        client.cookies["token"], headers = text, {}
    elif how == "as basic":
        headers = {"Authorization": f"Basic {text}"}
    else:
        user = django_user_model.objects.create_superuser("root", password="x")
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        headers = {}
    with time_machine.travel(later, tick=False):
        assert client.get("/api/v1/papers", headers=headers).status_code == 401


def test_a_token_is_stored_as_a_hash_and_its_use_is_noted_once_a_minute(
    django_assert_num_queries,
):
    _, text = make_token("Shop", ["topics:read"], "alice", NOW)
    assert text not in str(list(ApiToken.objects.values()))
    program = Program(text)
    seen = []
    for seconds in (0, 30, 59, 61):
        with time_machine.travel(NOW + dt.timedelta(seconds=seconds), tick=False):
            assert program.get("/topics").status_code == 200
        seen.append(ApiToken.objects.get().last_used_at)
    assert seen == [NOW, NOW, NOW, NOW + dt.timedelta(seconds=61)]


def test_requests_are_limited_for_each_token_and_those_without_one_for_each_network(
    settings, program, monkeypatch
):
    settings.LIMIT_API = 2
    monkeypatch.setattr("newsletter.api.tokens.MOST_FAILURES", 1)
    for who, statuses in (
        (program("topics:read"), [200, 200, 429]),
        (program("topics:read"), [200, 200, 429]),
        (Program("bsk_" + "x" * 43), [401, 429]),
    ):
        answers = [who.get("/topics") for _ in statuses]
        assert [answer.status_code for answer in answers] == statuses
        assert int(answers[-1]["Retry-After"]) == 3600
        assert answers[-1].json()["title"] == "Too Many Requests"
    for nothing in ("", "bsk_wrong"):
        assert {Program(nothing).get("/topics").status_code for _ in range(3)} == {401}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("GET", "/papers/0", None, 422),
        ("GET", "/papers/9999", None, 404),
        ("GET", "/papers?limit=1000", None, 422),
        ("GET", "/papers?limit=1&limit=2", None, 422),
        ("GET", "/papers?topc=robots", None, 422),
        ("GET", "/papers?identifier=%00", None, 200),
        ("GET", "/days/2026-02-30/papers", None, 422),
        ("GET", "/days/1781049600/papers", None, 422),
        ("PUT", "/topics", {}, 405),
        ("POST", "/topics", b"{", 422),
        ("POST", "/topics", b"[" * 50_000, 422),
        ("POST", "/topics", b"[]", 422),
        ("POST", "/topics", b"\xff", 422),
        ("POST", "/topics", b'{"slug": "\\ud800"}', 422),
        ("POST", "/topics", b" " * (64 * 1024 + 1), 413),
    ],
)
def test_every_error_has_one_shape(method, path, body, status, program):
    answer = program(*SCOPES)(method, path, body)
    assert answer.status_code == status
    if status != 200:
        assert answer["Content-Type"] == "application/problem+json"
        assert {"type", "title", "status", "detail"} <= set(answer.json())
        assert answer.json()["status"] == status


def test_a_fault_of_ours_is_a_problem_too(program, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("newsletter.api.papers._topic", fail)
    asked = program("topics:read")
    from tests.factories import make_topic

    make_topic()
    answer = asked.get("/topics")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert "secret" not in answer.content.decode()


def test_the_description_names_every_error_and_the_page_takes_no_script():
    schema = Client().get("/api/v1/openapi.json").json()
    for methods in schema["paths"].values():
        for method, found in methods.items():
            needed = {"401", "403", "422", "429"} | ({"413"} if method != "get" else set())
            assert needed <= set(found["responses"])
            assert "Retry-After" in found["responses"]["429"]["headers"]
    page = Client().get("/api/").content.decode()
    for method, path, _ in OPERATIONS[:3]:
        assert f"{method} /api/v1{path.partition('/1')[0]}" in page
    assert "cdn" not in page


class TestCommand:
    """`manage.py api_token`."""

    def test_makes_lists_and_revokes(self, capsys):
        call_command("api_token", "Shop", scope=["papers:read"])
        text = capsys.readouterr().out.strip()
        assert Program(text).get("/papers").status_code == 200
        call_command("api_token", list=True)
        listed = capsys.readouterr().out
        assert "Shop" in listed
        assert "valid" in listed
        assert text not in listed
        call_command("api_token", revoke=ApiToken.objects.get().pk)
        assert Program(text).get("/papers").status_code == 401

    @pytest.mark.parametrize(
        "options",
        [
            {"name": "Shop"},
            {"name": "Shop", "scope": ["everything"]},
            {"name": "Shop", "scope": ["papers:read"], "days": -1},
            {"revoke": 99},
        ],
    )
    def test_refuses_what_makes_no_token(self, options):
        with pytest.raises(CommandError):
            call_command("api_token", **options)
        assert not ApiToken.objects.exists()
