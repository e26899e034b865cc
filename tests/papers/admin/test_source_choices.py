"""How the choices of a source are offered: a few as boxes, many by search."""

import pytest
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2MultipleWidget,
)

from papers.admin.sources import PREFIX, form_for
from papers.models import Source


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "name", "widget"),
    [
        ("arxiv", "categories", UnfoldAdminSelect2MultipleWidget),
        ("biorxiv", "subjects", UnfoldAdminCheckboxSelectMultipleWidget),
        ("medrxiv", "subjects", UnfoldAdminCheckboxSelectMultipleWidget),
    ],
)
def test_many_choices_are_searched_in_and_few_are_ticked(kind, name, widget):
    field = form_for(kind)(instance=Source(kind=kind)).fields[PREFIX + name]
    assert isinstance(field.widget, widget)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("chosen", "stored", "error"),
    [
        (["cs.CL", "All of physics"], ["cs.CL", "All of physics"], ""),
        (["cs.XX"], None, "cs.XX"),
        ([], None, "be empty"),
    ],
)
def test_what_is_chosen_is_stored_and_nothing_else(chosen, stored, error):
    source = Source(kind="arxiv", name="arXiv", slug="arxiv-physics")
    typed = {
        "name": "arXiv",
        "wait_minutes": "180",
        PREFIX + "categories": chosen,
        PREFIX + "every_minutes": "0",
        PREFIX + "most_papers": "10000",
    }
    form = form_for("arxiv")(typed, instance=source)

    assert form.is_valid() is (not error)
    if error:
        assert error in str(form.errors)
    else:
        assert (form.instance.settings or {})["categories"] == stored
