"""A Zotero library: what is asked, with which key, and what of it is read."""

import json
import logging

import pytest
from werkzeug import Request, Response

from papers.libraries import zotero

KEY = "abcdefghijklmnopqrstuvwx"


@pytest.mark.parametrize(
    ("text", "library"),
    [
        ("https://www.zotero.org/groups/12345/some_name/library", "groups/12345"),
        ("zotero.org/groups/12345", "groups/12345"),
        ("user 475425", "users/475425"),
        ("groups/77", "groups/77"),
        ("https://www.zotero.org/alice/library", ""),
        ("https://example.org/groups/1", ""),
        ("", ""),
    ],
)
def test_a_library_is_named_by_link_or_number(text, library):
    assert zotero.library_of(text) == library


@pytest.fixture
def service(httpserver, settings):
    settings.PRIVATE_HOSTS_ALLOWED = frozenset({("localhost", httpserver.port)})
    return httpserver


def item(number: int, **data: object) -> dict[str, object]:
    fields = {"key": f"K{number}", "itemType": "journalArticle", "title": f"T {number}"}
    return {"data": {**fields, "DOI": f"10.1234/{number}", **data}}


def test_all_pages_are_read_politely_with_the_key_in_a_header_alone(service, caplog):
    caplog.set_level(logging.DEBUG)
    asked: list[tuple[str, str]] = []

    def answer(request: Request) -> Response:
        asked.append((request.headers["Zotero-API-Key"], request.args["start"]))
        first = request.args["start"] == "0"
        page = [item(at) for at in range(100)] if first else [item(100, itemType="note"), item(101)]
        headers = {"Total-Results": "102", **({"Backoff": "7"} if first else {})}
        return Response(json.dumps(page), headers=headers, content_type="application/json")

    service.expect_request("/users/1/items/top").respond_with_handler(answer)
    pauses: list[float] = []
    library = zotero.items(
        "users/1", KEY, address=service.url_for("/").rstrip("/"), pause=pauses.append
    )
    assert asked == [(KEY, "0"), (KEY, "100")]
    assert (len(library.entries), library.skipped, pauses) == (101, 1, [7.0])
    assert KEY not in caplog.text


def test_chosen_collections_are_asked_alone_and_a_private_library_says_so(service):
    service.expect_request("/groups/2/collections/ABCDEFGH/items/top").respond_with_json(
        [item(1, creators=[{"creatorType": "author", "firstName": "Alice", "lastName": "Ash"}])]
    )
    address = service.url_for("/").rstrip("/")
    library = zotero.items("groups/2", chosen=("ABCDEFGH",), address=address)
    assert library.entries[0].authors == ("Alice Ash",)
    assert len(service.log) == 1, "without a total, a page that is not full is the last one"
    service.expect_request("/groups/3/items/top").respond_with_data("Forbidden", status=403)
    with pytest.raises(zotero.NotAllowed):
        zotero.items("groups/3", address=address)
