"""Paths that stand in operators' settings and service files keep working after modules moved."""

import subprocess
import sys

import pytest
from django.utils.module_loading import import_string

from newsletter import old_paths
from newsletter.delivery import rates
from newsletter.models import RateBucket
from tests.factories import NOW


@pytest.mark.parametrize("before", sorted(old_paths.MAIL_BACKENDS))
def test_an_old_mail_backend_is_translated_by_the_settings(before, tmp_path):
    said = subprocess.run(
        [sys.executable, "-c", "from newsletter import settings; print(settings.EMAIL_BACKEND)"],
        env={"EMAIL_BACKEND": before, "DEBUG": "true", "VAR_DIR": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()

    assert said == old_paths.MAIL_BACKENDS[before]
    assert import_string(said)


@pytest.mark.django_db
@pytest.mark.parametrize(("before", "now"), sorted(old_paths.MAIL_BACKENDS.items()))
def test_a_moved_backend_goes_on_with_the_count_of_its_day(before, now, settings):
    settings.DELIVERY_RATE_PER_DAY = 10
    RateBucket.objects.create(name=before, free_at=NOW, day=NOW.date(), used=7)

    grant = rates.reserve(now, 5, NOW)
    rates.give_back(now, grant, 1)

    assert grant.count == 2  # one more is kept for other emails than digests
    assert RateBucket.objects.get().used == 8


@pytest.mark.parametrize(
    "path", ["newsletter.access_log.Logger", "newsletter.web.worker_class", "newsletter.wsgi"]
)
def test_what_service_files_name_stays_where_it_is(path):
    module, _, name = path.rpartition(".")

    assert import_string(path) if name != "wsgi" else __import__(path)
    assert module
