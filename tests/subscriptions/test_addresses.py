"""Addresses: which spellings are one mailbox, which are none, and what recognizes them for good."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from subscriptions import addresses
from subscriptions.addresses import BadAddress

SPELLINGS = [
    ("alice@example.org", ["ALICE@example.org", "alice@EXAMPLE.org.", " alice@example.org\n"]),
    (
        "alice@xn--bcher-kva.example",
        [
            "alice@bücher.example",
            "alice@BÜCHER.Example",
            "Alice@XN--BCHER-KVA.example.",
            unicodedata.normalize("NFD", "alice@bücher.example"),
            "alice@ｂücher。example",
        ],
    ),
    ("alice@xn--strae-oqa.example", ["alice@straße.example", "alice@STRAßE.example"]),
    ("alice@my_host.example.org", ["alice@MY_HOST.example.org"]),
    (
        "zoë@example.org",
        ["ZOË@example.org", unicodedata.normalize("NFD", "Zoë@example.org"), "ｚoë@example.org"],
    ),
]

DIFFERENT = [
    "alice@example.org",
    "alice+news@example.org",
    "a.lice@example.org",
    "alice@strasse.example",
    "alice@straße.example",
    "alice@mail.example.org",
]

NONE = [
    "", "alice", "@example.org", "alice@", "alice@@example.org", "alice@localhost",
    "root@localhost",
    "alice@[192.0.2.1]", "alice@[IPv6:2001:db8::1]", "alice@192.0.2.1", "alice@☃.example",
    "a@\u202emoc.test", "a\u202e@example.org", "al\u200bice@example.org", "İ@example.org",
    "alice@İstanbul.example", "I\u0307@example.org", "alice@xn--a.example", "alice@-a.example",
    "alice@example..org", "alice@.example.org", "alice@exa mple.org", "alice@example.org\0",
    "alice\0@example.org", "al ice@example.org", ".alice@example.org", "alice.@example.org",
    "a" * 65 + "@example.org", "alice@" + "a" * 64 + ".example", "alice@" + "a." * 126 + "example",
    "alice@example.org, bob@example.org", "alice@example.org\r\nBcc: bob@example.org",
    "alice＠example.org", "a＠b@example.org",
]  # fmt: skip


@pytest.mark.parametrize(("key", "spellings"), SPELLINGS, ids=lambda one: str(one)[:30])
def test_spellings_of_one_mailbox_have_one_key_and_one_hash(key, spellings):
    assert {addresses.key_of(one) for one in [key, *spellings]} == {key}
    assert len({addresses.address_hash(one) for one in [key, *spellings]}) == 1


def test_two_mailboxes_have_two_keys():
    assert len({addresses.key_of(one) for one in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize("is_wide", [False, True])
@pytest.mark.parametrize("email", NONE)
def test_what_no_mail_can_go_to_is_refused(settings, email, is_wide):
    settings.NON_ASCII_ADDRESSES = is_wide
    with pytest.raises(BadAddress):
        addresses.checked(email)
    with pytest.raises(ValidationError):
        addresses.validate_address(email)


def test_letters_beyond_ascii_before_the_at_are_the_operators_to_allow(settings):
    with pytest.raises(BadAddress):
        addresses.checked("zoë@example.org")
    settings.NON_ASCII_ADDRESSES = True
    assert addresses.checked("Zoë@Bücher.example") == "Zoë@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "email", ["o'neil+x@example.org", "!#$%&*@example.org", '"a b"@example.org']
)
def test_unusual_addresses_are_taken(email):
    assert addresses.checked(email) == email


@pytest.mark.parametrize(
    ("email", "inbox"),
    [
        ("alice+a@example.org", "alice@example.org"),
        ("alice+a+b@example.org", "alice@example.org"),
        ("a.lice@example.org", "a.lice@example.org"),
        ("A.l.i.ce+x@gmail.com", "alice@gmail.com"),
        ("al.ice@googlemail.com", "alice@gmail.com"),
        ("+alice@example.org", "+alice@example.org"),
    ],
)
def test_limits_count_inboxes(email, inbox):
    assert addresses.flood_key(email) == inbox


def test_hashes_of_earlier_versions_are_asked_for():
    """They hashed the address trimmed and in lower case, its domain as it was typed."""
    typed = {"alice@bücher.example", "alice@xn--bcher-kva.example"}
    earlier = {addresses.keyed_hash(one) for one in typed}
    for spelling in (
        "Alice@Bücher.example",
        "alice@XN--bcher-kva.example.",
        "alice@ｂücher.example",
    ):
        assert earlier <= set(addresses.address_hashes(spelling))
    assert addresses.address_hashes("alice@example.org") == [
        addresses.address_hash("alice@example.org")
    ]


LETTERS = st.sampled_from("abcxyzäöüßéñçøæłαβγωжя0123456789")
LABELS = st.text(LETTERS, min_size=1, max_size=8)
LOCALS = st.text(LETTERS, min_size=1, max_size=12)
RESPELL = [
    str.upper,
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: unicodedata.normalize("NFC", text),
    lambda text: "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in text),
]


@given(st.text(max_size=60))
def test_the_key_of_anything_is_its_own_key(text):
    key = addresses.key_of(text)
    assert addresses.key_of(key) == key
    assert addresses.address_hash(key) == addresses.address_hash(text)


@given(st.text(max_size=40), LABELS)
def test_the_wire_form_is_its_own_wire_form(local, label):
    try:
        wire = addresses.wire_form(f"{local}@{label}.example")
    except BadAddress:
        return
    assert addresses.wire_form(wire) == wire
    assert addresses.key_of(wire) == addresses.key_of(f"{local}@{label}.example")


@given(LOCALS, LABELS, st.lists(st.sampled_from(RESPELL), max_size=3), st.booleans())
def test_however_a_mailbox_is_spelled_it_is_the_same(local, label, respell, has_dot):
    domain = f"{label}.example"
    try:
        addresses.wire_domain(domain)
    except BadAddress:
        return
    # SS and ß are two letters in a domain, and one in upper case.
    if "ß" in local + label and str.upper in respell:
        return
    spelled = f"{local}@{domain}"
    for change in respell:
        left, at, right = spelled.rpartition("@")
        spelled = f"{change(left)}{at}{change(right)}"
    assert addresses.key_of(spelled + "." * has_dot) == addresses.key_of(f"{local}@{domain}")
