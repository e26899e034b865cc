"""The units in docs/systemd run what the docs say, and systemd takes them."""

import configparser
import getpass
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.newsletter.test_settings import ROOT
from tests.newsletter.test_starting import BIN, commands

UNITS = sorted((ROOT / "docs" / "systemd").glob("*.service"))

each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)


def service_of(unit: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as the library says to
    parser.read(unit)
    return parser["Service"]


def test_every_part_has_its_unit():
    assert [unit.stem for unit in UNITS] == [f"broadsheet-{p}" for p in ("beat", "web", "worker")]


@each_unit
def test_it_starts_what_the_docs_start(unit):
    """Which tests start for real."""
    part = unit.stem.removeprefix("broadsheet-")
    started = service_of(unit)["ExecStart"].removeprefix("/srv/broadsheet/.venv/bin/")
    assert started == commands()[f"{part} in docs/deploying.md"]


@each_unit
def test_it_comes_back_logs_to_the_journal_and_may_finish_its_mail(unit):
    service = service_of(unit)
    assert service["Restart"] == "always"
    assert (service["StandardOutput"], service["StandardError"]) == ("journal", "journal")
    assert int(service["TimeoutStopSec"]) > 60  # a drain takes fifty seconds
    assert service["KillMode"] == "mixed"  # the pool's processes are told by their parent


@each_unit
def test_the_docs_name_it(unit):
    assert f"(systemd/{unit.name})" in (ROOT / "docs" / "deploying.md").read_text()


@each_unit
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_it(unit, tmp_path):
    """With the directories and the user of this machine in it, as an operator would put them."""
    here = tmp_path / unit.name
    text = unit.read_text().replace("/srv/broadsheet/.venv/bin", str(BIN))
    text = text.replace("/srv/broadsheet", str(tmp_path))
    here.write_text(re.sub(r"(?m)^User=.*$", f"User={getpass.getuser()}", text))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(here)],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if unit.stem in line]
    assert said == []
    assert done.returncode == 0, done.stderr
