"""Which field a paper is of."""

import pytest

from papers.fields import FIELDS, OTHER, field_of, field_of_category
from papers.sources.arxiv_taxonomy import archives


@pytest.mark.parametrize(
    ("categories", "field"),
    [
        (["cs.CL", "math.ST"], "computer-science"),
        (["arxiv:q-bio.NC", "arxiv:cs.LG"], "biology"),
        (["hep-th"], "physics"),
        (["stat.ML"], "computer-science"),
        (["stat.ME", "stat.ML"], "mathematics"),
        (["cond-mat.mtrl-sci"], "chemistry"),
        (["biorxiv:cell biology"], "biology"),
        (["medrxiv:oncology"], "medicine"),
        (["issn:1476-4687"], OTHER),
        (["issn:1476-4687", "econ.EM"], "economics"),
        (["arxiv:", ":", "nonsense.XX"], OTHER),
        ([], OTHER),
    ],
)
def test_the_first_category_that_tells_decides(categories: list[str], field: str) -> None:
    assert field_of(categories) == field


def test_every_arxiv_category_has_a_field_however_it_is_written() -> None:
    for archive in archives().values():
        for code in archive.categories or {archive.code: archive.name}:
            field = field_of_category(code)
            assert field in set(FIELDS) - {OTHER}, code
            assert field_of_category(f"arxiv:{code}") == field
