"""Text with holes: cut at marks, filled with fragments, never silently wrong."""

import pytest

from newsletter.digests.prerendered import Placeholders
from newsletter.mail.encoding import Fragment
from subscriptions.notices.mjml import RenderingFailed


def joined(fragments):
    return "".join(fragment.text for fragment in fragments)


def test_holes_are_filled_wherever_they_are():
    marks = Placeholders()
    text = f"{marks.hole('name')}, dear {marks.hole('name')}: {marks.hole('what')}"
    template = marks.cut(text, text)[""]
    assert template.holes == ("name", "name", "what")
    filled = template.fill(
        {"name": (Fragment.of("Ann"),), "what": [Fragment.of("a"), Fragment.of("b")]}
    )
    assert joined(filled) == "Ann, dear Ann: ab"
    assert template.size == len(", dear : ")
    with pytest.raises(KeyError):
        template.fill({"name": ()})


def test_block_becomes_a_template_and_leaves_a_hole():
    marks = Placeholders()
    cards = "".join(
        f"{marks.begin(f'card{n}')}<{n}:{marks.hole('why')}>{marks.end(f'card{n}')}"
        for n in (1, 22)
    )
    text = f"a {marks.begin('cards')}{cards}{marks.end('cards')} z"
    cut = marks.cut(text, text)
    assert set(cut) == {"", "cards", "card1", "card22"}
    assert cut[""].holes == ("cards",)
    assert cut["cards"].holes == ("card1", "card22")
    assert joined(cut["card22"].fill({"why": (Fragment.of("so"),)})) == "<22:so>"


def test_text_in_a_hole_joins_the_fragments_around_it():
    marks = Placeholders()
    text = f"why: {marks.hole('why')}; {marks.hole('token')} and {marks.hole('why')}"
    template = marks.cut(text, text)[""].with_text("why", "é")
    assert [getattr(part, "text", part) for part in template.parts] == [
        "why: é; ",
        "token",
        " and é",
    ]
    assert template.size == len("why: é;  and é".encode())


@pytest.mark.parametrize("harm", ["lost", "doubled", "torn", "nested", "open"])
def test_marks_that_were_harmed_are_an_error(harm):
    marks = Placeholders()
    hole, begin, end = marks.hole("a"), marks.begin("b"), marks.end("b")
    source = f"x {hole} {begin} y {end}"
    rendered = {
        "lost": f"x {begin} y {end}",
        "doubled": f"x {hole} {hole} {begin} y {end}",
        "torn": f"x {hole} {begin} y {end} {hole[:-4]}",
        "nested": f"x {hole} {end} y {begin}",
        "open": f"x {hole} {begin} y",
    }[harm]
    with pytest.raises(RenderingFailed):
        marks.cut(rendered, rendered if harm in {"nested", "open"} else source)


def test_two_sets_of_marks_do_not_know_each_other():
    ours, theirs = Placeholders(), Placeholders()
    text = f"{ours.hole('a')} {theirs.hole('a')}"
    assert ours.cut(text, text)[""].holes == ("a",)


@pytest.mark.parametrize("name", ["", "A", "a-b", "1", "a1b", "a b"])
def test_name_that_a_mark_cannot_hold_is_refused(name):
    with pytest.raises(ValueError, match="can't name a hole"):
        Placeholders().hole(name)
