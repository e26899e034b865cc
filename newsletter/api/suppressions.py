"""Suppressions: addresses never to be emailed again. They are lifted in the admin alone."""

import datetime as dt
from typing import Any, Literal

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from newsletter.api import audit
from newsletter.api.fields import Hash
from newsletter.api.paging import PageQuery, page
from newsletter.api.problems import Problem, not_found
from newsletter.api.service import operation
from newsletter.api.subscribers import Address
from subscriptions.addresses import BadAddress, address_hash, wire_form
from subscriptions.models import Suppression

suppressions = Router()

Reason = Literal["bounce", "complaint", "request"]


class SuppressionOut(Schema):
    """A suppression."""

    address_hash: str = Field(description="The keyed hash; no address is stored.")
    reason: Reason
    created_at: dt.datetime


class SuppressionPage(Schema):
    """A page of suppressions."""

    items: list[SuppressionOut]
    next_cursor: str | None


class SuppressionsQuery(PageQuery):
    """Which suppressions."""

    cursor: Hash | None = None
    reason: Reason | None = None


class SuppressionNew(Schema):
    """An address never to be emailed again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    email: Address
    reason: Reason = "request"


@operation(
    suppressions, "GET", "/suppressions", scope="suppressions:read", response=SuppressionPage
)
def list_suppressions(request: HttpRequest, query: Query[SuppressionsQuery]) -> Any:
    """Suppressions, by their hashes."""
    found = Suppression.objects.order_by("address_hash")
    if query.reason is not None:
        found = found.filter(reason=query.reason)
    if query.cursor is not None:
        found = found.filter(address_hash__gt=query.cursor)
    rows = list(found[: query.limit + 1])
    return page(rows, query.limit, [_shown(row) for row in rows], lambda row: row.pk)


@operation(
    suppressions,
    "GET",
    "/suppressions/{address_hash}",
    scope="suppressions:read",
    response=SuppressionOut,
    may=(404,),
)
def get_suppression(request: HttpRequest, address_hash: Hash) -> Any:
    """One suppression."""
    row = Suppression.objects.filter(pk=address_hash).first()
    if row is None:
        raise not_found("suppression")
    return _shown(row)


@operation(
    suppressions,
    "POST",
    "/suppressions",
    scope="suppressions:write",
    response=SuppressionOut,
    may=(409,),
)
def suppress(request: HttpRequest, new: SuppressionNew) -> Any:
    """Never email an address again; its subscriber, if any, is suppressed. Only a hash is kept. A
    second time changes nothing, but that a complaint outweighs a bounce.
    """
    now = timezone.now()
    try:
        wire_form(new.email)
    except BadAddress as error:
        raise Problem(409, f"This is no address that email can go to: {error}.") from None
    key = address_hash(new.email)
    with transaction.atomic():
        before = Suppression.objects.filter(pk=key).first()
        kept = {"reason": before.reason} if before else None
        Suppression.objects.add_address(new.email, Suppression.Reason(new.reason), now)
        row = Suppression.objects.get(pk=key)
        target = f"suppression:{key}"
        audit.record(request, now, "address.suppressed", target, kept, {"reason": row.reason})
    return _shown(row)


def _shown(row: Suppression) -> dict[str, Any]:
    return {"address_hash": row.pk, "reason": row.reason, "created_at": row.created_at}
