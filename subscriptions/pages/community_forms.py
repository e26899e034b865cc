"""What a reader fills in to submit a paper."""

from django import forms
from django.utils.translation import gettext_lazy as _

from papers.identifiers import UnknownIdentifier
from papers.text import cleaning
from subscriptions.readers.submissions import named


class SubmitForm(forms.Form):
    """An arXiv number, a DOI or a link, and a name to stand beside the paper if wanted."""

    paper = forms.CharField(
        label=_("arXiv ID, DOI or link"),
        max_length=600,
        widget=forms.TextInput(
            attrs={
                "placeholder": "https://arxiv.org/abs/2605.13779",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
        error_messages={
            "required": _("Please enter the paper’s ID or link."),
            "max_length": _("That’s too long to be a link to a paper."),
        },
    )
    name = forms.CharField(
        label=_("Your name, if we may show it with the paper"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("If you leave this empty, the page says “a reader”."),
    )

    def clean_paper(self) -> str:
        """The identifier of the paper, such as `arxiv:2605.13779`."""
        try:
            return named(self.cleaned_data["paper"])
        except UnknownIdentifier:
            raise forms.ValidationError(
                _(
                    "This doesn’t look like a paper. Enter its arXiv ID, such as 2605.13779, its "
                    "DOI, such as 10.1038/s41586-021-03819-2, or the address of its page."
                )
            ) from None

    def clean_name(self) -> str:
        """The name in one line, without what could spill into the text around it."""
        return cleaning.name(self.cleaned_data["name"], 60)
