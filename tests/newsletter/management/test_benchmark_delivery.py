"""`manage.py benchmark_delivery`, run as an operator does."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

KEYS = {
    "database",
    "subscribers",
    "processes",
    "sink",
    "threads",
    "planned",
    "plan_seconds",
    "plan_peak_mb",
    "sent",
    "seconds",
    "digests_per_second",
    "bytes_per_digest",
    "cpu_microseconds_per_digest",
    "worker_peak_mb",
    "shares",
}
"""What scripts of operators read."""


def run(root: Path, *arguments: str, var: Path) -> subprocess.CompletedProcess[str]:
    """The command, in the installation at `root`, on SQLite."""
    environment = {**os.environ, "VAR_DIR": str(var), "DATABASE_URL": f"sqlite:///{var}/db"}
    command = [sys.executable, "manage.py", "benchmark_delivery", *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def test_it_plans_and_prints_the_keys_that_it_always_had(tmp_path):
    done = run(ROOT, "--plan-only", "--subscribers", "3", "--json", var=tmp_path)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert set(figures) == KEYS
    assert (figures["subscribers"], figures["planned"], figures["sent"]) == (3, 3, 0)


def test_where_the_tests_are_not_shipped_it_says_so_in_a_sentence(tmp_path):
    shutil.copy(ROOT / "manage.py", tmp_path)
    for name in ("newsletter", "papers", "subscriptions", "templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = run(tmp_path, "--null", var=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "CommandError: The benchmark is part of tests/ in the repository, which isn't installed "
        "here. Run it in a checkout.\n"
    )
