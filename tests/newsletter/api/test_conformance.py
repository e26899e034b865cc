"""Schemathesis, with few examples: its full run is in `conformance.py`."""

import os
import subprocess

import pytest
from django.db import connection

from newsletter.api.tokens import make_token
from newsletter.models.api import SCOPES
from tests.factories import NOW
from tests.newsletter.api.conformance import command, make_rows


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_the_api_is_as_it_is_described(live_server, tmp_path, settings):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    settings.LIMIT_API = 10**9
    make_rows()
    token = make_token("schemathesis", SCOPES, "test", NOW)[1]
    found = subprocess.run(
        command(live_server.url, token, 3, "--phases", "fuzzing"),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"NO_COLOR": "1"},
    )
    assert found.returncode == 0, found.stdout[-5000:]
