"""Semantic models in the admin."""

import datetime as dt

import pytest
from django.urls import reverse

from papers.models import FittedModel
from tests.factories import (
    NOW,
)

pytestmark = pytest.mark.django_db


def test_the_newest_ready_model_is_the_one_in_use(admin_client):
    for hours, ready in ((1, True), (2, True), (3, False)):
        at = NOW + dt.timedelta(hours=hours)
        FittedModel.objects.create(
            version=f"model {hours}",
            started_at=at,
            ready_at=at if ready else None,
            data=b"model",
        )
    url = reverse("admin:papers_fittedmodel_changelist")

    shown = admin_client.get(url).context["cl"]

    in_use = {row.version: shown.model_admin.is_in_use(row) for row in shown.result_list}
    assert in_use == {"model 3": False, "model 2": True, "model 1": False}
