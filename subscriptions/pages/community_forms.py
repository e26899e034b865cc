"""What a reader fills in to submit a paper."""

from django import forms
from django.utils.translation import gettext_lazy as _

from papers.identifiers import UnknownIdentifier, arxiv_id
from papers.text import cleaning


class SubmitForm(forms.Form):
    """An arXiv number or link, and a name to stand beside the paper if the reader likes."""

    paper = forms.CharField(
        label=_("arXiv ID or link"),
        max_length=300,
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
        """The bare arXiv identifier."""
        try:
            return arxiv_id(self.cleaned_data["paper"])
        except UnknownIdentifier:
            raise forms.ValidationError(
                _(
                    "This doesn’t look like an arXiv paper. Enter its ID, such as 2605.13779, "
                    "or the address of its page on arxiv.org."
                )
            ) from None

    def clean_name(self) -> str:
        """The name in one line, without what could spill into the text around it."""
        return cleaning.name(self.cleaned_data["name"], 60)
