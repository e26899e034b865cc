"""What search learned from the papers themselves: their words, and their acronyms.

Neither is what pages show of a paper, so writing them makes no page out of date.
"""

from typing import ClassVar

from django.db import models


class SearchVocabulary(models.Model):
    """The one row that says how far the papers were read."""

    last_paper_id = models.BigIntegerField(
        default=0, help_text="Papers up to this ID have been read."
    )

    def __str__(self) -> str:
        return f"read up to paper {self.last_paper_id}"


class SearchWord(models.Model):
    """A word as papers write it, folded; never a stem."""

    LENGTH = 30

    word = models.CharField(
        max_length=LENGTH, unique=True, help_text="Lower case, without diacritics, letters only."
    )
    papers = models.PositiveIntegerField(
        help_text="Papers that contained it when they were added; a hint that edits don't change."
    )
    is_suggested = models.BooleanField(
        default=False, help_text="Whether misspelled words are corrected to it."
    )

    def __str__(self) -> str:
        return self.word


class WordDeletion(models.Model):
    """A word that is suggested, or what is left of it without one letter, as a number.

    Two words are one typo apart where they share such a number: the symmetric deletions of Garbe's
    SymSpell (https://github.com/wolfgarbe/SymSpell), of distance one.
    """

    key = models.BigIntegerField(help_text="A hash of the remaining letters.")
    word = models.ForeignKey(
        SearchWord, on_delete=models.CASCADE, db_index=False, help_text="The whole word."
    )

    class Meta:
        indexes: ClassVar = [models.Index(fields=("key", "word"), name="word_deletion")]

    def __str__(self) -> str:
        return f"{self.key} of {self.word_id}"


class Acronym(models.Model):
    """A short form and what it stands for, as papers or an editor say."""

    short = models.CharField(max_length=12, help_text="Normalized, such as vlm.")
    stems = models.CharField(
        max_length=120,
        db_index=True,
        help_text="Stems of the long form, to recognize its inflections.",
    )
    long = models.CharField(
        max_length=120, help_text="Normalized, such as vision language model; the form seen first."
    )
    papers = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Papers that introduce it; 0 if an editor added it."
    )
    verdict = models.CharField(
        max_length=6,
        blank=True,
        default="",
        db_default="",
        choices=[("", "As papers use it"), ("always", "Always"), ("never", "Never")],
        help_text="An editor's decision: search uses it always or never, whatever papers say.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("short", "stems"), name="acronym_once")
        ]
        ordering = ("short", "-papers")

    def __str__(self) -> str:
        return f"{self.short}: {self.long}"
