"""Cleaning: what strangers wrote comes out readable, in one line, and harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.models import Paper
from papers.text import cleaning
from tests.runaway import no_runaway


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("A$^2$TGPO", "A²TGPO"),
        ("SA$^{2}$GFM", "SA²GFM"),
        (r"Parameters in $\{\pm 1, \pm i\}$", "Parameters in {± 1, ± i}"),
        (r"$\nabla$-Reasoner", "∇-Reasoner"),
        (r"\$OneMillion-Bench", "$OneMillion-Bench"),
        ("$V_1$: Unifying", "V₁: Unifying"),
        ("$V_{0.5}$: Generalist", "V_0.5: Generalist"),
        ("Portable $O(1)$ Caching", "Portable O(1) Caching"),
        (r"The $\mathbf{Y}$-Combinator with $λ$-Calculus", "The Y-Combinator with λ-Calculus"),
        (r"$\mathcal{X}$-KD", "X-KD"),
        ("From $P(y|x)$ to $P(y)$", "From P(y|x) to P(y)"),
        (r"98$\times$ Faster", "98× Faster"),
        (r"[Experiments \& Analysis]", "[Experiments & Analysis]"),
        (r"$\tilde{O}\!\left(T^{-1/4}\right)$ Last-Iterate", "Õ(T^(-1/4)) Last-Iterate"),
        (r"$R_\text{dm}$: Distribution", "R_dm: Distribution"),
        (r"${}^1$H MR imaging", "¹H MR imaging"),
        (r"$x \in \mathbb{R}^{d \times k}$", "x ∈ ℝ^(d × k)"),
        (r"$\frac{1}{2}$ of $\frac{a+b}{c}$", "1/2 of (a+b)/c"),
        (r"$\sim$50\% and $>$10 and $\geq$90", "∼50% and >10 and ≥90"),
        (r"80$\%$ of $\texttt{Llama}$", "80% of Llama"),
        (r"\(x^2\) and \[10^{-3}\]", "x² and 10⁻³"),
        (r"\textbf{We \emph{claim} 100\%} of it", "We claim 100% of it"),
        (r"{\em Fast} and \texttt{code\_x}", "Fast and code_x"),
        (r"as shown~\cite{them,us}. See \href{https://x.org/a}{here}", "as shown. See here"),
        (r"\textcolor{black}{A method} and \textcolor[HTML]{FF0000}{more}", "A method and more"),
        (r"{\color{black}A method} and {\color[rgb]{1,0,0}{more}}", "A method and more"),
        (r"\textbf{\color{red!60!black} Rebound} and \color{blue}{more}", "Rebound and more"),
        ("Role-Agent, black{a framework} for red{0, 1}", "Role-Agent, a framework for 0, 1"),
        ("Infrared{x}, red {y} and red", "Infrared{x}, red {y} and red"),
        ("``quoted'' text", "“quoted” text"),
        ("Marchenko--Pastur and 3--24 s", "Marchenko–Pastur and 3–24 s"),
        ("A method -- of sorts --- and (old)--(new)", "A method – of sorts — and (old)–(new)"),
        ("Run --fast -- x--> y, ---- and <!--",) * 2,
    ],
)
def test_latex_in_titles_becomes_readable(raw, shown):
    assert cleaning.title(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (r"Schr\"odinger", "Schrödinger"),
        (r"Garc\'ia M\'{a}rquez", "García Márquez"),
        (r"Fran\c cois and Fran\c{c}ois", "François and François"),
        (r"\L{}ukasz Erd\H{o}s", "Łukasz Erdős"),
        (r"na\"{\i}ve na\"\i ve", "naïve naïve"),
        (r"S\o ren \AA ngstr\"om", "Søren Ångström"),
    ],
)
def test_accents_in_names_become_letters(raw, shown):
    assert cleaning.name(raw) == shown


@pytest.mark.parametrize(
    "plain",
    [
        "It costs $5 and then $10 a month",
        "From $5-$10, or US$5M to US$6M",
        "50% of 100 & more, a_b, ~10x, #1, x^2",
        "{{ title }} {% now %} {x}",
        "<b>bold</b> & \"quoted\" 'text'",
        "rm -rf --help -- nothing",
        r"C:\Users\name and \methodname{} wins",
        "Emoji 👩‍🔬🚀 and 🇩🇪",
        "שלום עולם: مرحبا بالعالم",
        "نمی‌خواهم",  # needs its zero-width non-joiner
        "0",
    ],
)
def test_plain_text_survives_as_it_is(plain):
    assert cleaning.title(plain) == plain


def test_whitespace_collapses_and_lines_become_one():
    assert cleaning.title("  A\r\nB\tC\u00a0 D\u2028E\x0bF \n") == "A B C D E F"


def test_control_characters_and_lone_surrogates_go():
    assert cleaning.title("A\x00B\x1b[31mC\ud83dD\x7fE\u0085F") == "AB[31mCDE F"


def test_direction_overrides_go_and_right_to_left_text_stays():
    assert cleaning.title("abc \u202egnp.exe\u202c \u2067שלום\u2069 d") == "abc gnp.exe שלום d"
    assert cleaning.title("\u200fשלום\u200f!") == "\u200fשלום\u200f!"


def test_invisible_characters_go():
    assert cleaning.title("K\u200bV\u00ad ca\ufeffche\U000e0041") == "KV cache"


def test_a_tower_of_accents_is_cut_down():
    assert len(cleaning.title("e" + "\u0301" * 5_000 + "x")) < 10


def test_an_absurdly_long_title_ends_in_an_ellipsis_at_a_word():
    title = cleaning.title("word " * 400)

    assert len(title) <= Paper.TITLE_LENGTH
    assert title.endswith("word…")


def test_a_long_title_without_spaces_still_fits():
    assert len(cleaning.title("x" * 2_000)) == Paper.TITLE_LENGTH


def test_an_abstract_is_capped():
    abstract = cleaning.abstract("y z" * 100_000)

    assert Paper.ABSTRACT_LENGTH * 0.7 < len(abstract) <= Paper.ABSTRACT_LENGTH
    assert abstract.endswith("…")


def test_shortening_splits_no_accent_and_no_emoji():
    assert cleaning.shorten("abcde\u0301fgh", 6) == "abcd…"
    assert cleaning.shorten("abc👩‍🔬def", 6) == "abc…"
    assert cleaning.shorten("short", 5) == "short"


@pytest.mark.parametrize("value", [None, 5, True, ["a"], {"a": 1}, b"bytes"])
def test_what_is_no_text_is_empty(value):
    assert cleaning.title(value) == cleaning.abstract(value) == cleaning.name(value) == ""
    assert cleaning.safe_url(value) == ""


HOSTILE = [
    "{" * 100_000,
    "}" * 100_000,
    "\\frac{" * 20_000,
    "$" * 100_000,
    "$a" * 50_000,
    "$x^{" * 30_000,
    "\\(" * 50_000,
    "\\[a" * 50_000,
    "\\" * 100_000,
    "``" * 50_000,
    '\\"' * 50_000,
    "\\textbf{" * 20_000,
    "{\\em x" * 20_000,
    "$" + "^{" * 300 + "}" * 300 + "$",
    "$" + "\\sqrt{" * 100 + "}" * 100 + "$",
    "$\\begin{matrix}" * 2_000,
    "\\href{a}" * 10_000,
    "\\'" * 30_000 + "\u0301" * 30_000,
    " " * 1_000_000,
    "".join(f"$x^{{{n}}}\\alpha_{{{n}}}$ " for n in range(5_000)),
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_latex_neither_raises_nor_hangs_nor_grows(text):
    with no_runaway():
        cleaned = cleaning.abstract(text)

    assert len(cleaned) <= Paper.ABSTRACT_LENGTH
    assert len(cleaning.title(text)) <= Paper.TITLE_LENGTH


@pytest.mark.parametrize(
    "text",
    [
        r"Costs $\frac{a$ more",
        r"A \textbf{c",
        r"\emph{open and \cite{x and more",
        r"the \url and the \cite of it",
        r"\"Quoted\" for JSON",
    ],
)
def test_latex_that_does_not_close_stays_as_it_was(text):
    assert cleaning.title(text) == text


def test_a_switch_of_fonts_says_nothing():
    assert cleaning.title(r"A \bf bold word\xspace and \em more") == "A bold word and more"


def test_a_file_is_never_read_for_input():
    assert cleaning.title(r"A \input{/etc/hostname} B") == r"A \input{/etc/hostname} B"


@given(st.text(max_size=300) | st.text(alphabet="\\${}^_ab1'\"`~%& \n()[]", max_size=120))
def test_anything_comes_out_in_one_line_that_a_database_takes(text):
    for clean in (cleaning.title(text), cleaning.name(text)):
        assert "\x00" not in clean
        assert clean == " ".join(clean.split())
        clean.encode()  # no lone surrogate
        assert cleaning.plain(clean) == clean


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/a/b",
        "http://example.org:8080/x?y=1&z=%20#f",
        "https://exämple.org/ü",
        "https://[::1]/x",
    ],
)
def test_web_addresses_are_kept(url):
    assert cleaning.safe_url(f" {url}\n") == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.org/x",
        "/relative",
        "example.org",
        "https://",
        "https:///x",
        "ftp://example.org",
        "https://user:pw@example.org/",
        "https://example.org/a b",
        "https://example.org/a\r\nBcc: x",
        "https://example.org/\x00",
        'https://example.org/"onclick=',
        "https://example.org/<script>",
        "https://example.org/\u202egnp",
        "https://example.org:port/",
        "https://[broken/",
        "https://example.org/" + "x" * 500,
    ],
)
def test_what_is_no_safe_web_address_is_empty(url):
    assert cleaning.safe_url(url) == ""


def test_names_are_each_once_and_in_order():
    assert cleaning.names(["Bob", "Alice ", None, "", "Bob", 7], 10) == ("Bob", "Alice")
    assert cleaning.names([f"n{i}" for i in range(1_000)], 5) == ("n0", "n1", "n2", "n3", "n4")
    assert cleaning.names("Alice", 5) == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a b", "a b"),
        (" a b ", "a b"),
        ("a  b", "a b"),
        ("a\tb\nc", "a b c"),
        ("a\x00b\x1f\x7f", "ab"),
        ("", ""),
        ("   ", ""),
        ("é\u200b  e\u0301", "é é"),
    ],
)
def test_any_text_becomes_one_plain_line(text, line):
    assert cleaning.plain(text) == line
