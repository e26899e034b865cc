"""Acronyms that search knows: learned from papers, and an editor's own."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin

from papers.admin.base import ModelAdmin
from papers.models import Acronym
from papers.search import acronyms
from papers.search.query import folded


class AcronymForm(forms.ModelForm[Acronym]):
    """A short form, what it stands for, and an editor's word on it."""

    class Meta:
        model = Acronym
        fields = ("short", "long", "verdict")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in {"short", "long"} & set(self.fields):
                self.fields[name].disabled = True  # else it would be another acronym
        elif "verdict" in self.fields:
            self.fields["verdict"].initial = "always"

    def clean_short(self) -> str:
        """The short form as search looks for it."""
        short = acronyms.short_key(str(self.cleaned_data["short"]))
        if not short:
            raise forms.ValidationError(
                f"A short form is one word of 2 to {acronyms.LONGEST_SHORT} letters and digits."
            )
        return short

    def clean_long(self) -> str:
        """The long form as search looks for it."""
        words = tuple(folded(str(self.cleaned_data["long"])).split())
        if not acronyms.is_long(words):
            raise forms.ValidationError(
                f"A long form has 2 to {acronyms.MOST_WORDS} words and doesn’t begin or end with "
                "a small word such as “of”."
            )
        return " ".join(words)

    def clean(self) -> dict[str, Any] | None:
        """Refuse what is known already."""
        cleaned = super().clean()
        short, long = self.cleaned_data.get("short"), self.cleaned_data.get("long")
        if short and long:
            self.instance.stems = acronyms.long_key(tuple(long.split()))
            same = Acronym.objects.filter(short=short, stems=self.instance.stems)
            if same.exclude(pk=self.instance.pk).exists():
                self.add_error("long", "This acronym already exists. Change its verdict instead.")
        return cleaned


@admin.register(Acronym)
class AcronymAdmin(ModelAdmin):
    """What search takes a short form for."""

    form = AcronymForm
    list_display = ("short", "long", "papers", "verdict")
    list_filter = ("verdict",)
    search_fields = ("short", "long")
    list_per_page = 100
    show_full_result_count = False
    readonly_fields: ClassVar = ("papers",)
    restorable = ("verdict",)
