"""What a process loads: a worker makes links to readers' pages without the admin and the API, and
whoever serves the web or checks the settings has both.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

LOADED = """
import sys, django
django.setup()
from django.contrib import admin
from django.core.management import call_command
from django.urls import resolve, reverse
import newsletter.delivery.worker, newsletter.tasks, papers.tasks, subscriptions.tasks
assert reverse("subscriptions:saved") and resolve("/").url_name == "home"
{then}
parts = {{"ninja", "unfold.admin", "newsletter.admin", "newsletter.api.urls"}}
print(*sorted(parts & set(sys.modules)), bool(admin.site._registry))
"""

ADMIN, API = "newsletter.admin unfold.admin", "newsletter.api.urls ninja"


@pytest.mark.parametrize(
    ("then", "loaded"),
    [
        ("", "False"),
        ('assert reverse("admin:index") == "/admin/"', f"{ADMIN} True"),
        ('assert resolve("/admin/papers/topic/").url_name == "papers_topic_changelist"', "True"),
        ('assert reverse("api:reference") == "/api/"', API),
        ('assert resolve("/api/v1/openapi.json").url_name == "openapi"', API),
        ("import newsletter.wsgi", "newsletter.admin newsletter.api.urls ninja unfold.admin True"),
        ('call_command("check", verbosity=0)', "True"),
    ],
)
def test_the_admin_and_the_api_are_loaded_when_they_are_asked_for(then, loaded, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(then=then)],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "DJANGO_SETTINGS_MODULE": "newsletter.settings",
            "VAR_DIR": str(tmp_path),
            "DEBUG": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.split()
    if then:
        assert set(loaded.split()) <= set(said)
    else:
        assert said == loaded.split()
