"""What ships beside the code: locked requirements, the image's steps, the compose file."""

import importlib.util
import json
import re
import shlex
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")


def pins(name: str) -> dict[str, str]:
    """The version of each package in a requirements file, by normalised name."""
    lines = (ROOT / name).read_text().splitlines()
    found = [re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", line) for line in lines]
    return {re.sub(r"[-_.]+", "-", one[1]).lower(): one[2] for one in found if one}


def required(specifications: list[str]) -> set[str]:
    """The normalised names in a list of requirements such as "celery[redis]~=5.7"."""
    names = [re.match(r"[A-Za-z0-9._-]+", one) for one in specifications]
    return {re.sub(r"[-_.]+", "-", one[0]).lower() for one in names if one}


def image_script() -> ModuleType:
    """The script that runs the image's steps."""
    spec = importlib.util.spec_from_file_location("image", ROOT / ".ci" / "image.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["image"] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_is_pinned_and_hashed(name):
    text = (ROOT / name).read_text().replace("\\\n", " ")
    for line in text.splitlines():
        assert re.match(r"[A-Za-z0-9._-]+==\S+", line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line


def test_every_package_of_the_mail_checks_is_pinned_and_hashed_and_names_no_registry():
    folder = ROOT / ".ci" / "npm"
    wanted = json.loads((folder / "package.json").read_text())["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert packages.pop("")["devDependencies"] == wanted
    assert len(packages) > 100
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_requirements_name_no_index_and_no_place_on_a_machine(name):
    text = re.sub(r"--hash=\S+", "", (ROOT / name).read_text())

    assert "/" not in text
    assert "index" not in text
    assert "find-links" not in text
    assert "@ " not in text


def test_requirements_hold_everything_that_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    main, dev = (pins(name) for name in REQUIREMENTS)

    assert required(project["project"]["dependencies"]) <= main.keys(), "run make lock"
    assert required(project["dependency-groups"]["dev"]) <= dev.keys(), "run make lock"
    assert main.items() <= dev.items(), "tests must run on what production runs on"


def test_every_make_target_is_explained():
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    assert phony is not None
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## \S", makefile, re.MULTILINE), target


def test_the_image_copies_what_is_there_and_nothing_else_is_sent():
    steps = list(image_script().instructions((ROOT / "Dockerfile").read_text()))
    copied = [shlex.split(rest) for name, rest in steps if name == "COPY"]
    sources = {one for words in copied if "--from" not in words[0] for one in words[:-1]}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line.removeprefix("!") for line in ignored if line.startswith("!")}

    assert {name for name in sources if not (ROOT / name).exists()} == set()
    assert sources == allowed
    assert "*" in ignored
    assert [rest for name, rest in steps if name == "FROM"][-1].startswith("python:3.1")
    assert ("USER", "broadsheet") in steps
    assert any("--require-hashes" in rest for name, rest in steps if name == "RUN")
    assert any("collectstatic" in rest for name, rest in steps if name == "RUN")


def test_the_image_steps_are_translated_to_a_directory_and_back(tmp_path):
    image = image_script().Image(tmp_path)

    assert image.translated("/venv/bin/pip -r x.txt") == f"{image.root}/venv/bin/pip -r x.txt"
    assert image.translated("VAR_DIR=/tmp /bin/sh") == "VAR_DIR=/tmp /bin/sh"
    assert image.translated("http://127.0.0.1:8000/health/live").startswith("http://127")
    assert image.translated("--dir /dev/shm") == "--dir /dev/shm"


def test_compose_starts_what_there_is():
    yaml = pytest.importorskip("yaml", reason="needs PyYAML to read compose.yaml")
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = compose["services"]
    commands = {
        name: shlex.split(service["command"])
        for name, service in services.items()
        if service.get("image") == "broadsheet" and "command" in service
    }

    assert services["web"]["image"] == "broadsheet"
    assert set(services) == {"web", "worker", "beat", "migrate", "postgres", "valkey"}
    for words in commands.values():
        if words[0] == "celery":
            assert words[1:3] == ["-A", "newsletter"]
            assert import_module("newsletter.celery").app.main == "broadsheet"
        else:
            assert words[:2] == ["python", "manage.py"]
            assert words[2] in get_commands()
    assert [name for name, words in commands.items() if "beat" in words] == ["beat"]
    queues = commands["worker"][commands["worker"].index("-Q") + 1].split(",")
    assert set(queues) == {"default", "delivery"}
    for service in ("web", "worker", "beat", "migrate"):
        assert services[service]["env_file"] == ".env"
        assert any(one.startswith("state:") for one in services[service]["volumes"])
        journal = services[service]["environment"]["JOURNAL_DIR"]
        mounted = services[service]["volumes"][0].partition(":")[2]
        assert Path(journal).is_relative_to(mounted), "the journal must outlive the container"
    assert set(compose["volumes"]) == {"database", "state"}


def run_once() -> list[str]:
    """What .ci/run leaves out of its second run."""
    lines = (ROOT / ".ci" / "once").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("listed", run_once())
def test_what_runs_once_in_ci_asks_no_service_and_no_tool_for_anything(listed):
    path = ROOT / listed
    assert path.is_dir() == listed.endswith("/")
    files = list(path.rglob("test_*.py")) if path.is_dir() else [path]
    assert files
    asks = re.compile(
        r"mark\.(?:postgres|redis|browser)|connection\.vendor|os\.environ\W+(?:get\W+)?REDIS_URL"
        r"|shutil\.which|[Vv]alkey|live_server|node_modules|transaction=True|\.cursor\("
    )
    for file in files:
        assert not asks.findall(file.read_text()), file
