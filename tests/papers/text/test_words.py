"""Which words are the same word, and which are not."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from papers.text.words import content_stems, stem, stems, without_notices, words


@pytest.mark.parametrize(
    "spellings",
    [
        ("policy", "policies", "Policy"),
        ("quantization", "quantisation", "quantized", "quantising"),
        ("tune", "tuning", "tuned"),
        ("label", "labelled", "labeled", "labelling"),
        ("behaviour", "behavior", "behaviors"),
        ("modelling", "modeling"),
        ("analyse", "analyzed"),
        ("supervised", "supervision"),
        ("LLM", "LLMs"),
        ("organisation", "organizations"),
        ("agent", "agents", "agentic"),
    ],
)
def test_inflections_and_both_spellings_share_a_stem(spellings: tuple[str, ...]) -> None:
    assert len({stem(word) for word in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("generalization", "general"),
        ("reasoning", "reason"),
        ("tokenizer", "token"),
        ("optimal", "optimizer"),
        ("transformer", "transform"),
        ("computer", "compute"),
        ("objective", "object"),
        ("conversion", "conversation"),
        ("evaluation", "evaluate"),
        ("interpretable", "interpreted"),
        ("organization", "organ"),
        ("university", "universal"),
        ("news", "new"),
    ],
)
def test_words_that_mean_something_else_are_told_apart(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_words_are_cut_at_hyphens_and_keep_their_case() -> None:
    assert words("Fine-tuned LLMs, e.g. GPT-4.1") == [
        "Fine", "tuned", "LLMs", "e", "g", "GPT", "4.1",
    ]  # fmt: skip


def test_latex_possessives_and_signs_of_languages_are_understood() -> None:
    assert words(r"The model's \textbf{RAG} in $\nabla$ C++ and C#") == [
        "The", "model", "RAG", "in", "C++", "and", "C#",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "   ", "—", "\\", "🙂", "\x00"])
def test_text_without_words_gives_none(text: str) -> None:
    assert words(text) == []
    assert stems(text) == []


def test_other_scripts_are_words_too() -> None:
    assert words("模型 и модели") == ["模型", "и", "модели"]


def test_content_leaves_out_the_furniture_of_abstracts() -> None:
    assert content_stems("In this paper we propose a novel method for 3 robots") == ["robot"]


@pytest.mark.parametrize(
    "notice",
    [
        "Our code is available at https://example.org/code.",
        "Code and models are publicly available.",
        "We will release our code and weights.",
        "The dataset can be found on the project page.",
    ],
)
def test_a_notice_on_where_to_get_code_is_left_out(notice: str) -> None:
    abstract = f"We study bees. {notice}"
    assert without_notices(abstract) == "We study bees."


def test_an_abstract_that_is_about_code_is_kept() -> None:
    abstract = "We generate code from comments. Released models fail on long functions."
    assert without_notices(abstract) == abstract


def test_an_abstract_of_notices_alone_is_kept() -> None:
    abstract = "Code is available at https://example.org."
    assert without_notices(abstract) == abstract


def test_threads_get_the_stems_that_one_alone_gets() -> None:
    endings = ("ization", "fulness", "ousness", "ational", "ingly", "ables")
    spellings = [f"q{a}{b}r{ending}" for a in "abcdeiou" for b in "bdfglmnpt" for ending in endings]
    alone = [stem.__wrapped__(word) for word in spellings]
    pause = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda _: [stem.__wrapped__(w) for w in spellings], range(8)))
    finally:
        sys.setswitchinterval(pause)
    assert all(each == alone for each in together)
