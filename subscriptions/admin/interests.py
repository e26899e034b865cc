"""What many readers follow, as suggestions for topics: for staff who may view interests.

A phrase may be somebody's own name, and a number that changes by one tells who came. So only what
at least `FEWEST` active readers follow is shown, the numbers are rounded, and nothing says who.
"""

from django.contrib import admin
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from papers.admin.base import ModelAdmin
from papers.matching.interests.specs import Kind
from subscriptions.models import Interest, Subscriber

FEWEST = 10
"""Readers who must follow something before it is shown."""

ROUNDED_TO = 10


@admin.register(Interest)
class InterestAdmin(ModelAdmin):
    """Words and authors that are followed most. Needs the permission to view interests."""

    list_display = ("show_name", "show_kind", "show_readers")
    list_display_links = None
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Interest]:
        """Those that enough active readers follow, the most popular first."""
        active = Q(
            followings__is_waiting=False,
            followings__subscriber__status=Subscriber.Status.ACTIVE,
        )
        return (
            super()
            .get_queryset(request)
            .filter(kind__in=(Kind.WORDS.value, Kind.AUTHOR.value))
            .annotate(readers=Count("followings", filter=active))
            .filter(readers__gte=FEWEST)
            # By the rounded number: the order of equals must not tell more.
            .order_by((F("readers") / ROUNDED_TO).desc(), "pk")
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Readers make them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Interest | None = None) -> bool:
        """Readers change them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Interest | None = None) -> bool:
        """They go with their last reader."""
        return False

    @display(description="what")
    def show_name(self, interest: Interest) -> str:
        """The words, or the author's name."""
        return interest.asked.title

    @display(description="kind")
    def show_kind(self, interest: Interest) -> str:
        """Words or an author."""
        return interest.get_kind_display()

    @display(description="readers")
    def show_readers(self, interest: Interest) -> str:
        """Such as "some 40"."""
        return f"some {rounded(getattr(interest, 'readers', 0))}"


def rounded(count: int) -> int:
    """A number of readers to the next lower ten."""
    return count // ROUNDED_TO * ROUNDED_TO
