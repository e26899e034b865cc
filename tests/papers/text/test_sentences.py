"""Prose cut into sentences: what ends one, and what only looks so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.text.sentences import is_whole, sentences


@pytest.mark.parametrize(
    "whole",
    [
        "As shown by Smith et al. (2024), it works.",
        "It follows Wang et al. Networks of this kind are large.",
        "Some methods, e.g. Lasso, i.e. an old one, are used.",
        "It costs 3.5 times as much, about 0.05 in all.",
        "See Fig. 3 and Eq. 4, cf. Sec. 2.",
        "It beats GPT vs. BERT by far.",
        "The U.S. National Library holds it.",
        "By J. S. Bach and D. E. Knuth it was shown.",
        "The value of $x. We$ is small.",
        "It has three parts (first. Second. Third) and no more.",
        "They call it “too large. Too slow” and leave.",
        "It takes approx. Ten or twenty steps.",
    ],
)
def test_what_is_one_sentence_stays_one(whole):
    assert sentences(whole) == [whole]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four.", ["One.", "Two!", "Three?", "Four."]),
        ("By Smith et al. We go on.", ["By Smith et al.", "We go on."]),
        ("Made in the U.S. This is new.", ["Made in the U.S.", "This is new."]),
        ("It has vitamin C. We show it.", ["It has vitamin C.", "We show it."]),
        ("It is 3.5. We show it.", ["It is 3.5.", "We show it."]),
        ("He says “no.” She says yes.", ["He says “no.”", "She says yes."]),
        ("It works (often.) Then it fails.", ["It works (often.)", "Then it fails."]),
        ("1) It works. 2) It is fast.", ["1) It works.", "2) It is fast."]),
        ("We use data.The results are good.", ["We use data.", "The results are good."]),
        ("我们提出一种方法。它很快。", ["我们提出一种方法。", "它很快。"]),
        ("  Space around. It goes.  ", ["Space around.", "It goes."]),
        ("No end", ["No end"]),
        ("", []),
    ],
)
def test_texts_are_cut_where_sentences_end(text, expected):
    assert sentences(text) == expected


@given(st.text(alphabet="aB.!?()“”$ \n。…", max_size=200))
def test_no_letter_is_lost(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It works.", True),
        ("Does it work?", True),
        ("He says “no.”", True),
        ("它很快。", True),
        ("It works…", False),
        ("It works", False),
        ("It works (often.", False),
        ("It is $x.", False),
        ("", False),
    ],
)
def test_a_sentence_is_whole_where_it_ends_and_leaves_nothing_open(sentence, expected):
    assert is_whole(sentence) is expected
