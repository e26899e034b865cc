"""How the site is served: gunicorn's configuration, and the benchmark that measures it."""

import os
import subprocess
import sys
from pathlib import Path

from newsletter import web

ROOT = Path(__file__).resolve().parent.parent.parent


def test_gunicorn_takes_the_configuration_that_image_and_documentation_name():
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:newsletter.web"]
    checked = subprocess.run(
        [*gunicorn, "--check-config", "newsletter.wsgi"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert checked.returncode == 0, checked.stderr
    for name in ("Dockerfile", "docs/deploying.md"):
        assert "python:newsletter.web" in (ROOT / name).read_text()
    assert web.max_requests > 100_000  # a busy site answers so many within minutes


def test_the_benchmark_says_what_it_needs(tmp_path):
    environment = os.environ | {"PATH": str(tmp_path), "VAR_DIR": str(tmp_path)}
    asked = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_web"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert asked.returncode == 1
    assert "apt-get install wrk" in asked.stderr
