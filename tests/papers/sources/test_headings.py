"""What a journal prints that is no paper, told by its title."""

import pytest

from papers.sources.headings import NOTICE, PARATEXT, REVIEW, no_paper, unmarked
from tests.runaway import no_runaway


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ("Issue Information", PARATEXT),
        ("Front Matter", PARATEXT),
        ("Frontmatter", PARATEXT),
        ("Contents", PARATEXT),
        ("Table of Contents", PARATEXT),
        ("Masthead", PARATEXT),
        ("Editorial Board", PARATEXT),
        ("Front Cover: Proteins in motion", PARATEXT),
        ("Inside Back Cover", PARATEXT),
        ("Author Index", PARATEXT),
        ("List of Reviewers", PARATEXT),
        ("Information for Authors", PARATEXT),
        ("Erratum", NOTICE),
        ("Errata", NOTICE),
        ("Erratum to: Batteries", NOTICE),
        ("Corrigendum to “Batteries”", NOTICE),
        ("Correction: Batteries", NOTICE),
        ("Correction to “Batteries”", NOTICE),
        ("Correction to: Batteries", NOTICE),
        ("Correction for Adams et al., Batteries", NOTICE),
        ("Author Correction: Batteries", NOTICE),
        ("Publisher Correction: Batteries", NOTICE),
        ("Retraction Note: Batteries", NOTICE),
        ("Retraction: Batteries", NOTICE),
        ("Addendum: Batteries", NOTICE),
        ("Editorial Expression of Concern: Batteries", NOTICE),
        ('Peer Review #2 of "Batteries (v0.1)"', REVIEW),
        ("Reviewer #1 (Public Review): Batteries", REVIEW),
        ("Book Review: Batteries", REVIEW),
        ("Contents of a cell", ""),
        ("Index theory", ""),
        ("Cover crops in Iowa", ""),
        ("Information theory", ""),
        ("Corrections to the Born rule", ""),
        ("Correction of aberrations in microscopes", ""),
        ("Correction for nonresponse in surveys", ""),
        ("Withdrawal of care in ICUs", ""),
        ("Retraction of the nucleus", ""),
        ("A review of batteries", ""),
        ("Reviewers and their habits", ""),
        ("News recommendation with language models", ""),
        ("RETRACTED: Batteries", ""),
        ("", ""),
    ],
)
def test_no_paper_is_told_by_its_whole_title(title, why):
    assert no_paper(title) == why


@pytest.mark.parametrize(
    ("title", "rest", "status"),
    [
        ("RETRACTED: Batteries", "Batteries", "retracted"),
        ("Retracted Article: Batteries", "Batteries", "retracted"),
        ("[Retracted] Batteries", "Batteries", "retracted"),
        ("Batteries [RETRACTED ARTICLE]", "Batteries", "retracted"),
        ("WITHDRAWN: Batteries", "Batteries", "withdrawn"),
        ("Retracted sediments in rivers", "Retracted sediments in rivers", ""),
        ("Withdrawn-state learning", "Withdrawn-state learning", ""),
        ("RETRACTED:", "RETRACTED:", ""),
        ("", "", ""),
    ],
)
def test_a_mark_of_the_publisher_becomes_a_status(title, rest, status):
    assert unmarked(title) == (rest, status)


@pytest.mark.parametrize(
    "title", ["cover " * 80, "correction " * 40, "inside " * 70 + "x", "(" * 500]
)
def test_a_hostile_title_costs_a_moment(title):
    with no_runaway():
        no_paper(title)
        unmarked(title)
