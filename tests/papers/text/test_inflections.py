"""Which words are one word in singular and plural, or in both spellings, and which are not."""

import pytest

from papers.text.inflections import inflectionless


@pytest.mark.parametrize(
    "pair",
    [
        "policy/policies",
        "study/studies",
        "matrix/matrices",
        "vertex/vertices",
        "index/indices",
        "index/indexes",
        "cache/caches",
        "branch/branches",
        "loss/losses",
        "case/cases",
        "bias/biases",
        "virus/viruses",
        "cause/causes",
        "analysis/analyses",
        "hypothesis/hypotheses",
        "synthesis/syntheses",
        "diagnosis/diagnoses",
        "lens/lenses",
        "woman/women",
        "mouse/mice",
        "leaf/leaves",
        "curve/curves",
        "hero/heroes",
        "corpus/corpora",
        "spectrum/spectra",
        "LLM/LLMs",
        "GPU/gpus",
        "metric/metrics",
        "Tumour/tumors",
        "behavior/behaviours",
        "quantisation/quantizations",
        "modelling/modeling",
        "labelled/labeled",
        "pediatric/paediatric",
        "centre/centers",
        "catalogue/catalogs",
    ],
)
def test_number_and_spelling_do_not_count(pair: str) -> None:
    one, other = pair.split("/")
    assert inflectionless(one) == inflectionless(other)


@pytest.mark.parametrize(
    "pair",
    [
        "adapter/adaptive",
        "adapter/adaptation",
        "prompting/prompts",
        "prompted/prompting",
        "program/programming",
        "dynamic/dynamics",
        "robotic/robotics",
        "agent/agentic",
        "general/generalization",
        "new/news",
        "bus/bu",
        "pre-trained/pre-training",
        "gas/ga",
        "bias/bia",
        "series/sery",
        "class/clas",
        "this/thi",
        "four/for",
    ],
)
def test_other_words_stay_other_words(pair: str) -> None:
    one, other = pair.split("/")
    assert inflectionless(one) != inflectionless(other)


@pytest.mark.parametrize("word", ["", "s", "3D", "模型", "4bits", "🙂", "é" * 40])
def test_any_word_has_a_form_and_keeps_it(word: str) -> None:
    assert inflectionless(inflectionless(word)) == inflectionless(word)
