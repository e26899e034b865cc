"""JATS, HTML and MathML made plain."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.text import cleaning
from papers.text.markup import plain
from tests.runaway import no_runaway

MATH = (
    "<mml:math><mml:semantics><mml:mrow><mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup>"
    "</mml:mrow>{}</mml:semantics></mml:math>"
)
SEVERAL = (
    "<inline-formula><alternatives><tex-math>\\documentclass[12pt]{minimal}\n"
    "\\begin{document}$$\\alpha$$\\end{document}</tex-math><mml:math><mml:mi>α</mml:mi>"
    "</mml:math></alternatives></inline-formula> particles"
)


@pytest.mark.parametrize(
    ("fragment", "text"),
    [
        ("Plain words", "Plain words"),
        ("<jats:title>Abstract</jats:title><jats:p>We try.</jats:p>", "We try."),
        ("<jats:title>ABSTRACT</jats:title><jats:p>We try.</jats:p>", "We try."),
        ("<p>Abstract</p><p>We try.</p>", "We try."),
        ('<div class="boxTitle">Abstract</div>We try.', "We try."),
        ("Abstract: We try.", "We try."),
        ("ABSTRACT We try.", "We try."),
        ("Abstract interpretation of loops", "Abstract interpretation of loops"),
        ("Summary statistics", "Summary statistics"),
        ("<jats:sec><jats:title>Aims</jats:title><jats:p>A.</jats:p></jats:sec>", "Aims: A."),
        ("<h4>Aims:</h4>A.", "Aims: A."),
        ("<h1>Eastern questionnaire</h1>", "Eastern questionnaire"),
        ("one<br/>two", "one two"),
        ("<i>p</i>-Bromostyrene", "p-Bromostyrene"),
        ("targeting<jats:italic>SMARCB1</jats:italic>for editing", "targeting SMARCB1 for editing"),
        ("the <i>BRCA</i>s", "the BRCAs"),
        ("H<sub>2</sub>O at 10<sup>-3</sup> M", "H₂O at 10⁻³ M"),
        ("V<sub>max</sub>, 5<sup>th</sup>, 2<sup>8x</sup>", "Vmax, 5th, 2^8x"),
        ("p<0.05, x<y and n < 3", "p<0.05, x<y and n < 3"),
        ("a <b", "a <b"),
        ("R&D in AT&T; 3 &lt; 5 &amp; 2", "R&D in AT&T; 3 < 5 & 2"),
        ("&lt;p&gt;Escaped &lt;i&gt;once&lt;/i&gt; too often&lt;/p&gt;", "Escaped once too often"),
        ("<script>alert(1)</script>Safe<style>p{}</style>", "Safe"),
        ('<meta name="x" content="y">Safe <img src="x" alt="no">picture', "Safe picture"),
        ("<!-- twitter --><![CDATA[Kept]]>", "Kept"),
        ("<p>", ""),
        ("", ""),
        (None, ""),
        (7, ""),
        (["<p>x</p>"], ""),
    ],
)
def test_markup_is_made_plain(fragment, text):
    assert plain(fragment) == text


@pytest.mark.parametrize(
    ("fragment", "text"),
    [
        (MATH.format(""), "x²"),
        (MATH.format('<mml:annotation encoding="application/x-tex">x^2</mml:annotation>'), "$x^2$"),
        (MATH.format('<mml:annotation encoding="TeX">x^{2}</mml:annotation>'), "$x^{2}$"),
        (MATH.format('<mml:annotation encoding="StarMath">x^2</mml:annotation>'), "x²"),
        ("<math><mi>B</mi>\n <mo>→</mo>\n <mi>π</mi></math>", "B→π"),
        ("<math><mfrac><mn>1</mn><mi>n</mi></mfrac></math>", "1/n"),
        ("<math><msubsup><mi>K</mi><mi>S</mi><mn>0</mn></msubsup></math>", "KS⁰"),
        (SEVERAL, "$\\alpha$ particles"),
    ],
)
def test_a_formula_is_its_tex_or_else_its_text(fragment, text):
    assert plain(fragment) == text


def test_tex_beside_mathml_is_readable_in_the_end():
    fragment = MATH.format('<mml:annotation encoding="application/x-tex">x^2</mml:annotation>')

    assert cleaning.title(plain(f"Bounds on {fragment}")) == "Bounds on x²"


@pytest.mark.parametrize(
    "fragment",
    [
        "<p>" * 50_000,
        "<span>" * 50_000 + "x",
        "<" * 200_000,
        "&" * 200_000,
        "<!--" * 50_000,
        "<jats:p" * 20_000,
        "<sub>" * 10_000 + "1" + "</sub>" * 10_000,
        "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>&b;",
        "<mml:math>" * 3_000,
        "&lt;p&gt;" * 30_000,
    ],
)
def test_hostile_markup_costs_a_moment(fragment):
    with no_runaway():
        found = plain(fragment)

    assert len(found) <= 2 * len(fragment)
    assert "aaaaaaaaaaaaaaa" not in found


@given(st.text(alphabet=st.sampled_from(list("<>/&;!-ab \x00jats:psubim=\"'[]$")), max_size=80))
def test_nothing_breaks_it(fragment):
    found = plain(fragment)

    assert found == " ".join(found.split())


def test_recorded_abstracts_hold_no_tags(shared):
    seen = 0
    for path in sorted((shared / "data/sources/crossref").glob("*.json")):
        message = json.loads(path.read_text()).get("message")
        if not isinstance(message, dict):
            continue
        for work in message.get("items", [message]):
            text = plain(work.get("abstract"))
            assert "jats:" not in text
            assert "</" not in text
            seen += bool(text)
    assert seen > 10
